/**
 * A view, or a query of one, mirrored into an RxDB collection, whose own queries are live then.
 *
 * Owns what the collection holds: documents that the query does not show are removed. Invariants: once caught up the documents are the rows, also
 * after a restart with a storage that persists; rows that are stale are never written: until they are current the documents stay as they were; what a row no longer shows is in no document, no tombstone and no index of the
 * storage; rows reach a persistent storage encrypted only. Law: `mirror.laws`.
 */
import type { RxCollection } from 'rxdb';
import { BehaviorSubject, distinctUntilChanged, filter, firstValueFrom, type Observable } from 'rxjs';
import { StoreError } from '../core/errors.ts';
import { isRecord, sameJson } from '../core/json.ts';
import { namesUnder } from '../crypto/keyedName.ts';
import type { QueryResult } from '../streams/liveQuery.ts';

/**
 * `rows`: documents there are, once nothing is behind. `behind`: rows that are not written yet. `refused`: rows that the collection does not
 * take. `stale`: rows are folded anew; until that is done nothing is written, and the documents are the ones of before.
 */
export type MirrorState = {
  readonly rows: number;
  readonly behind: number;
  readonly refused: number;
  readonly stale: boolean;
};

export type Mirror = {
  /** How far the collection is, and again whenever that changes. */
  readonly state$: Observable<MirrorState>;
  /**
   * Resolves when the collection shows what the query shows now; where that is stale, when it is current and shown.
   * @throws StoreError `mirror.refused` with the number of rows that it does not take, and RxDB's status or code of the first
   */
  readonly caughtUp: () => Promise<void>;
  /** The primary key of the document that a row is in, by the row's key: of a view the aggregate's id. */
  readonly primaryOf: (key: string) => string;
  /** Follows no more, and ends what was begun. The documents stay. */
  readonly stop: () => Promise<void>;
};

type Document = Record<string, unknown>;
type Source = { readonly result$: Observable<QueryResult> };
type Refusals = Map<string, string | number>;

const MEMORY = 'memory';
/** Members that RxDB keeps for itself. */
const isOwn = (member: string): boolean => member.startsWith('_');

/** Rows may reach a disk only encrypted: every member but the primary key, which is a keyed name then. @throws StoreError `mirror.plain` */
const primaryNames = (collection: RxCollection): ((key: string) => string) => {
  const { storage, password } = collection.database;
  if (storage.name === MEMORY) return (key) => key;
  const { jsonSchema, primaryPath } = collection.schema;
  const sealed: readonly unknown[] = jsonSchema.encrypted ?? [];
  const plain = Object.keys(jsonSchema.properties).filter(
    (member) => member !== primaryPath && !isOwn(member) && !sealed.includes(member),
  );
  if (plain.length > 0 || typeof password !== 'string' || password === '')
    throw new StoreError('mirror.plain', { storage: storage.name, members: plain.length });
  return namesUnder(password);
};

const codeOf = (error: unknown): string | number => {
  const code: unknown = isRecord(error) ? (error['code'] ?? error['status']) : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : 'unknown';
};

/** Writes documents and takes them away; what the collection refuses is told, and keeps no other from being written. */
const writerTo = (collection: RxCollection) => {
  const refused: Refusals = new Map();
  const upsert = async (documents: readonly Document[], primary: string): Promise<void> => {
    try {
      const { error } = await collection.bulkUpsert([...documents]);
      for (const { documentId, status } of error) refused.set(documentId, status);
    } catch (error) {
      if (documents.length > 1) for (const each of documents) await upsert([each], primary);
      else for (const each of documents) refused.set(String(each[primary]), codeOf(error));
    }
  };
  /** A tombstone keeps what the document held: it goes too. */
  const remove = async (keys: readonly string[]): Promise<void> => {
    if (keys.length === 0) return;
    await collection.bulkRemove([...keys]);
    while (!(await collection.storageInstance.cleanup(0)));
  };
  return {
    refused,
    write: async (changed: ReadonlyMap<string, Document | undefined>): Promise<void> => {
      const { primaryPath } = collection.schema;
      const documents = [...changed.values()].filter((each) => each !== undefined);
      for (const key of changed.keys()) refused.delete(key);
      if (documents.length > 0) await upsert(documents, primaryPath);
      // What is refused is not shown as it was before either.
      const gone = [...changed].flatMap(([key, document]) => (document === undefined || refused.has(key) ? [key] : []));
      await remove(gone);
    },
  };
};

/** The documents that there are, as plain values. */
const heldIn = async (collection: RxCollection): Promise<ReadonlyMap<string, Document>> => {
  const documents = await collection.find().exec();
  return new Map(documents.map((each) => [each.primary, each.toMutableJSON()]));
};

/** Changes on their way into a collection: one write after the other; what comes meanwhile goes together into the next one. */
const lineTo = (collection: RxCollection, tell: () => void) => {
  const { refused, write } = writerTo(collection);
  const waiting = new Map<string, Document | undefined>();
  let isCompared = false;
  let failure: string | number | undefined;
  let line: Promise<void> = Promise.resolve();

  /** What was there before is compared once: a storage that persists may hold rows of long ago. */
  const compare = async (): Promise<void> => {
    const held = await heldIn(collection);
    for (const [key, document] of held) {
      const now = waiting.get(key);
      if (now === undefined) waiting.set(key, undefined);
      else if (sameJson(document, JSON.parse(JSON.stringify(now)))) waiting.delete(key);
    }
    isCompared = true;
  };

  /** What could not be written waits on, unless it has changed again. */
  const writeWaiting = async (): Promise<void> => {
    const changed = new Map(waiting);
    waiting.clear();
    try {
      await write(changed);
    } catch (error) {
      for (const [key, document] of changed) if (!waiting.has(key)) waiting.set(key, document);
      throw error;
    }
  };

  const drain = async (): Promise<void> => {
    try {
      if (!isCompared) await compare();
      while (waiting.size > 0) await writeWaiting();
      failure = undefined;
    } catch (error) {
      failure = codeOf(error);
    }
    tell();
  };

  return {
    waiting,
    refused,
    failure: () => failure ?? [...refused.values()][0],
    catchUp: (): Promise<void> => {
      line = line.then(drain);
      return line;
    },
  };
};

const sameState = (a: MirrorState, b: MirrorState): boolean =>
  a.rows === b.rows && a.behind === b.behind && a.refused === b.refused && a.stale === b.stale;

/**
 * Mirrors rows into a collection that nothing else writes. Its schema names the members of a row; its primary key holds the row's key
 * (or, in a storage that persists, a keyed name of it: `primaryOf`). Memory storage needs nothing more; another storage has to be wrapped for encryption,
 * with a password and every member named in `encrypted`. When keys are locked the view has no rows, and the collection no documents.
 * @throws StoreError `mirror.plain` for a persistent storage that would keep a member in the clear
 */
export const mirrorView = ({ result$ }: Source, collection: RxCollection): Mirror => {
  const primaryOf = primaryNames(collection);
  const { primaryPath } = collection.schema;
  const state$ = new BehaviorSubject<MirrorState>({ rows: 0, behind: 0, refused: 0, stale: false });
  const stale$ = new BehaviorSubject(false);
  let rows = 0;
  const tell = () =>
    state$.next({ rows: rows - refused.size, behind: waiting.size, refused: refused.size, stale: stale$.value });
  const { waiting, refused, failure, catchUp } = lineTo(collection, tell);

  const subscription = result$.subscribe(({ rows: shown, keys, changes, stale }) => {
    const byKey = new Map(keys.map((key, at) => [key, shown[at]]));
    rows = shown.length;
    for (const key of [...changes.added, ...changes.updated])
      waiting.set(primaryOf(key), { ...byKey.get(key), [primaryPath]: primaryOf(key) });
    for (const key of changes.removed) waiting.set(primaryOf(key), undefined);
    stale$.next(stale);
    tell();
    if (!stale) void catchUp();
  });

  return {
    state$: state$.pipe(distinctUntilChanged(sameState)),
    caughtUp: async () => {
      if (await firstValueFrom(stale$.pipe(filter((stale) => !stale)), { defaultValue: true })) return; // stopped
      await catchUp();
      const code = failure();
      if (code !== undefined) throw new StoreError('mirror.refused', { rows: refused.size + waiting.size, code });
    },
    primaryOf,
    stop: async () => {
      subscription.unsubscribe();
      if (!stale$.value) await catchUp();
      stale$.complete();
      state$.complete();
    },
  };
};
