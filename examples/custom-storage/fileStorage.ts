/**
 * A storage adapter of one's own: a journal of changes in one file for each database. What it holds, it holds twice: in
 * the file, and in the library's own storage in memory, which plays the journal back.
 *
 * The order of the lines decides. An append is a line that says at which size it was meant; played back, it takes effect
 * if the log has that size there, and otherwise it is void, for whoever plays it back. So any number of processes may
 * write, and no lock is needed. Whoever wrote reads on as far as the own line, and knows what became of it.
 */
import {
  type AppendOutcome,
  type AppendRequest,
  type CommitBytes,
  type EventStorage,
  type Identity,
  isStoreError,
  LIMITS,
  memoryStorage,
  type PackOutcome,
  type PackRequest,
  position,
  privateKeyBytes,
  privateKeyFrom,
  publicKey32,
  type StorageAdapter,
  StoreError,
} from 'indelible';
import type { Files, JournalFile } from './files.ts';
import { type Change, decodeLines, encodeLine, toBytes, toText } from './journal.ts';

export type FileStorageOptions = {
  readonly files: Files;
  /** Milliseconds in which the file system has to answer one call. */
  readonly answerMs?: number;
};

const ANSWER_MS = 10_000;
const PACK_ATTEMPTS = 20;

const inTime = async <T>(answerMs: number, call: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreError('storage.unresponsive', { answerMs })), answerMs);
  });
  return Promise.race([call, late]).finally(() => clearTimeout(timer));
};

/** Only the name of what went wrong is passed on: messages of a file system name paths. */
const failure = (error: unknown): StoreError => {
  if (isStoreError(error)) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreError('storage.quota-exceeded');
  return new StoreError('storage.failed', { name: typeof code === 'string' ? code : 'Error' });
};

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;

const playAppend = async (model: EventStorage, change: ChangeOf<'append'>): Promise<AppendOutcome> => {
  const commits = change.commits.map(({ bytes, events }) => ({ bytes: toBytes(bytes), events }));
  const outcome = await model.append({ expectedSize: change.expectedSize, marks: change.marks, commits });
  return outcome.kind === 'appended' ? { ...outcome, durability: 'strict' } : outcome;
};

/** Void if somebody else has packed since its keys were gathered, or has appended what its keys do not cover. */
const playPack = async (model: EventStorage, { from, bytesMax, keys }: ChangeOf<'pack'>): Promise<PackOutcome> => {
  if ((await model.packedTo()) !== from) throw new StoreError('storage.corrupt');
  let at = 0;
  const keysOf = () => {
    const known = keys[at++];
    if (known === undefined) throw new StoreError('storage.corrupt');
    return known;
  };
  return model.pack({ bytesMax, keysOf });
};

const playIdentity = async (model: EventStorage, change: ChangeOf<'identity'>): Promise<Identity> => {
  const publicKey = publicKey32(toBytes(change.publicKey));
  const privateKey = await privateKeyFrom(toBytes(change.privateKey));
  return model.keepIdentity({ ...change.identity, key: { publicKey, privateKey } }, change.instead ?? undefined);
};

/** Plays one change back. What it comes to is the same wherever it is played back. */
const play = async (model: EventStorage, change: Change): Promise<unknown> => {
  switch (change.kind) {
    case 'append':
      return playAppend(model, change);
    case 'pack':
      return playPack(model, change);
    case 'marks':
      return model.writeMarks(change.marks);
    case 'identity':
      return playIdentity(model, change);
    case 'finding':
      return model.keepFinding(change.finding, toBytes(change.evidence));
    case 'snapshot':
      return model.writeSnapshot(change.name, toBytes(change.bytes));
  }
};

const openJournal = (file: JournalFile, model: EventStorage, answerMs: number) => {
  const writer = crypto.randomUUID();
  const listeners = new Set<() => void>();
  let offset = 0;
  let written = 0;

  /** Plays back what is new in the file; the line `id` by `own`. */
  const catchUp = async (id?: string, own?: () => Promise<unknown>): Promise<void> => {
    const { lines, length } = decodeLines(await inTime(answerMs, file.read(offset)));
    offset += length;
    for (const line of lines) {
      const before = await model.size();
      // A change that is refused is void for everybody, and was refused to whoever wrote it.
      await (line.id === id ? own?.() : play(model, line.change))?.catch(() => undefined);
      if (line.writer !== writer && (await model.size()) > before) for (const listener of listeners) listener();
    }
  };
  return {
    listeners,
    catchUp: () => catchUp(),
    /** Writes a change and plays it back where it came to stand; undefined if it is void there. */
    write: async <T>(change: Change, own: () => Promise<T>): Promise<T | undefined> => {
      const id = `${writer}/${++written}`;
      let result: T | undefined;
      let isSeen = false;
      await inTime(answerMs, file.append(encodeLine({ id, writer, change })));
      const play = async () => {
        isSeen = true;
        result = await own();
      };
      // It is written: whoever calls is told so, even if the first look at it fails.
      await catchUp(id, play).catch(() => catchUp(id, play));
      // A system that says it wrote what it did not is not believed.
      if (!isSeen) throw new StoreError('storage.failed', { name: 'unseen' });
      return result;
    },
  };
};
type Journal = ReturnType<typeof openJournal>;
type Parts = { readonly model: EventStorage; readonly journal: Journal };

const isTooLarge = ({ bytes, events }: CommitBytes): boolean =>
  bytes.length < 1 ||
  bytes.length > LIMITS.commitBytesMax ||
  !Number.isInteger(events) ||
  events < 1 ||
  events > LIMITS.commitEventsMax;

const append = async ({ model, journal }: Parts, request: AppendRequest): Promise<AppendOutcome> => {
  const { expectedSize, marks } = request;
  if ((await model.size()) !== expectedSize) return { kind: 'conflict' }; // without a void line
  const commits = request.commits.map(({ bytes, events }) => ({ bytes: toText(bytes), events }));
  const change = { kind: 'append', expectedSize, marks, commits } as const;
  return (await journal.write(change, () => playAppend(model, change))) ?? { kind: 'conflict' };
};

/** Packs by noting it: the bytes stay where they are in the file. */
const pack = async ({ model, journal }: Parts, { bytesMax, keysOf }: PackRequest): Promise<PackOutcome> => {
  for (let attempt = 0; attempt < PACK_ATTEMPTS; attempt++) {
    const packedTo = await model.packedTo();
    const unpacked = await model.read(position(packedTo), Number.MAX_SAFE_INTEGER);
    const commits = unpacked.slice(0, -1).flatMap((record) => record.commits);
    const bytes = commits.reduce((total, commit) => total + commit.bytes.length, 0);
    if (bytes <= LIMITS.recordBytesMax) return { records: 0, segments: 0, packedTo };
    const keys = commits.map((commit) => keysOf(commit.bytes));
    const change = { kind: 'pack', from: packedTo, bytesMax, keys } as const;
    const outcome = await journal.write(change, () => playPack(model, change));
    if (outcome !== undefined) return outcome;
  }
  throw new StoreError('storage.failed', { name: 'pack' });
};

const keepIdentity = async ({ model, journal }: Parts, identity: Identity, instead?: Identity['replica']) => {
  const { key, ...rest } = identity;
  const change = {
    kind: 'identity',
    identity: rest,
    publicKey: toText(key.publicKey),
    privateKey: toText(await privateKeyBytes(key.privateKey)),
    instead: instead ?? null,
  } as const;
  return (await journal.write(change, () => playIdentity(model, change))) ?? identity;
};

/** The port over a journal: one call after the other, each on what the file holds by then. */
const storageOver = (parts: Parts, close: () => Promise<void>): EventStorage => {
  const { model, journal } = parts;
  let [isOpen, queue]: [boolean, Promise<unknown>] = [true, Promise.resolve()];
  const use = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(async () => {
      if (!isOpen) throw new StoreError('storage.closed');
      await journal.catchUp();
      return work();
    });
    queue = turn.catch(() => undefined);
    return turn.catch((error: unknown) => Promise.reject(failure(error)));
  };
  const write = async (change: Change) => void (await journal.write(change, () => play(model, change)));
  return {
    durability: 'strict',
    keepsKeyBytes: true,
    append: (request) => {
      if (request.commits.some(isTooLarge)) return use(() => Promise.reject(new StoreError('append.too-large')));
      const commits = request.commits.map(({ bytes, events }) => ({ bytes: Uint8Array.from(bytes), events }));
      return use(() => append(parts, { ...request, commits }));
    },
    pack: (request) => use(() => pack(parts, request)),
    writeMarks: (marks) => use(() => write({ kind: 'marks', marks })),
    keepIdentity: (identity, instead) => use(() => keepIdentity(parts, identity, instead)),
    keepFinding: (finding, evidence) => use(() => write({ kind: 'finding', finding, evidence: toText(evidence) })),
    writeSnapshot: (name, bytes) => use(() => write({ kind: 'snapshot', name, bytes: toText(bytes) })),
    size: () => use(() => model.size()),
    read: (from, bytesMax) => use(() => model.read(from, bytesMax)),
    readAt: (positions) => use(() => model.readAt(positions)),
    packedTo: () => use(() => model.packedTo()),
    find: (key) => use(() => model.find(key)),
    readMarks: () => use(() => model.readMarks()),
    readIdentity: () => use(() => model.readIdentity()),
    readIdentities: () => use(() => model.readIdentities()),
    readFindings: () => use(() => model.readFindings()),
    readSnapshot: (name) => use(() => model.readSnapshot(name)),
    onForeignCommit: (listener) => {
      journal.listeners.add(listener);
      return () => void journal.listeners.delete(listener);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await close();
    },
  };
};

/** Storage in files. Each database is one file, and every connection holds its whole content in memory. */
export const fileStorage = ({ files, answerMs = ANSWER_MS }: FileStorageOptions): StorageAdapter => ({
  open: async (name) => {
    const opening = files.open(name);
    try {
      const file = await inTime(answerMs, opening);
      const model = await memoryStorage().open(name);
      const journal = openJournal(file, model, answerMs);
      const storage = storageOver({ model, journal }, async () => {
        stop();
        await inTime(answerMs, file.close());
      });
      // A hint that somebody wrote: the size is asked for, and with it what is new is played back.
      const stop = files.watch(name, () => void storage.size().catch(() => undefined));
      await storage.size();
      return storage;
    } catch (error) {
      void opening.then((file) => file.close()).catch(() => undefined); // also one that opens too late
      throw failure(error);
    }
  },
});
