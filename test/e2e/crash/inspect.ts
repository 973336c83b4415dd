/** Looks at a database as a kill has left it, in the page: what is there, and whether anything is torn or missing. */
import { firstValueFrom } from 'rxjs';
import { position } from '../../../src/core/position.ts';
import { readStoredCommit } from '../../../src/crypto/readCommit.ts';
import { dexieStorage, isStoreError, openStore, rememberedStore, type Store } from '../../../src/index.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { plain } from '../../../src/testing/conformance/engine.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import { firstCommits } from '../../archives/page.ts';
import type { Operation, Report } from './messages.ts';
import { currentActor, Note, type NoteState, TENANT } from './note.ts';
import { BATCH } from './operations.ts';

const wordsOf = (error: unknown): string =>
  isStoreError(error) ? error.code : error instanceof Error ? error.message : String(error);

/** Runs a check; what it throws is a fault. */
const tried = async (faults: string[], what: string, check: () => Promise<void>): Promise<void> => {
  try {
    await check();
  } catch (error) {
    faults.push(`${what}: ${wordsOf(error)}`);
  }
};

export const openNotes = (name: string): Promise<Store> =>
  openStore({ name, tenant: TENANT, aggregates: [Note], actor: currentActor, upkeep: 'manual' });

type Told = { readonly tags: string[]; readonly states: Map<string, NoteState> };

/** Folds the log by hand, event after event, as the stored bytes have them. */
const foldByHand = async (storage: EventStorage): Promise<Told> => {
  const told: Told = { tags: [], states: new Map() };
  for (const { commits } of await storage.read(position(0), Number.MAX_SAFE_INTEGER)) {
    for (const { bytes } of commits) {
      for (const { stream, payload } of readStoredCommit(bytes).events) {
        const tag = String(payload['tag']);
        const count = (told.states.get(stream)?.count ?? 0) + 1;
        told.tags.push(tag);
        told.states.set(stream, { count, last: tag });
      }
    }
  }
  return told;
};

const sameStates = (store: Store, states: ReadonlyMap<string, NoteState>, faults: string[]): void => {
  for (const [stream, { count, last }] of states) {
    const { context } = store.aggregate(Note, stream.slice(stream.indexOf('/') + 1)).state();
    if (context.count !== count || context.last !== last) faults.push('a state is not the fold of its events');
  }
};

/** A snapshot that was written over and over, each time with one byte throughout: an older or a newer one, never both. */
const wholeSnapshot = async (storage: EventStorage): Promise<void> => {
  const bytes = await storage.readSnapshot('probe');
  if (bytes?.some((byte) => byte !== bytes[0])) throw new Error('torn');
};

const inspectStore = async (name: string): Promise<Report> => {
  const faults: string[] = [];
  const remembered = (await rememberedStore(name))?.size ?? 0;
  const from = performance.now();
  const store = await openNotes(name);
  const openMs = performance.now() - from;
  const storage = await dexieStorage().open(name);
  await tried(faults, 'verifier', async () => {
    const events = await verifyLog(storage);
    if (events !== store.size()) faults.push(`the store holds ${store.size()} of ${events} events`);
  });
  await tried(faults, 'snapshot', () => wholeSnapshot(storage));
  const { tags, states } = await foldByHand(storage);
  sameStates(store, states, faults);
  for (const { code } of await store.findings()) faults.push(`finding ${code}`);
  if (new Set(tags).size !== tags.length) faults.push('an event is there twice');
  const { replica } = store;
  const { losses } = await firstValueFrom(store.health$);
  const loss = losses.map(({ reason, size, held }) => `${reason}: ${size} events before, ${held} now`).join('; ');
  await storage.close();
  await store.close();
  return { openMs, tags, replica, loss, remembered, faults };
};

/** The log of appends that each are one transaction with several records and a mark. */
const inspectRecords = async (storage: EventStorage, faults: string[]): Promise<readonly string[]> => {
  const length = await storage.size();
  const { cursor } = await storage.readMarks();
  if (length % BATCH !== 0) faults.push('an append is there in part');
  if (length > 0 && cursor !== length) faults.push('a mark is not that of the last append');
  return Array.from({ length: length / BATCH }, (_, at) => `to ${(at + 1) * BATCH}`);
};

const inspectUpgraded = async (storage: EventStorage, faults: string[]): Promise<readonly string[]> => {
  const records = plain(await storage.read(position(0), Number.MAX_SAFE_INTEGER));
  const commits = records.flatMap((record) => record.commits.map(({ bytes }) => bytes));
  const expected = firstCommits();
  const differ = commits.filter((bytes, at) => bytes !== expected[at]).length;
  if (commits.length !== expected.length || differ > 0)
    faults.push(
      `of ${expected.length} commits of the first layout ${commits.length} are there, ${differ} of them changed`,
    );
  return ['the first layout'];
};

const inspectStorage = async (operation: Operation, name: string): Promise<Report> => {
  const faults: string[] = [];
  const from = performance.now();
  const storage = await dexieStorage().open(name);
  const openMs = performance.now() - from;
  await tried(faults, 'verifier', async () => void (await verifyLog(storage)));
  const inspect = operation === 'upgrade' ? inspectUpgraded : inspectRecords;
  const tags = await inspect(storage, faults);
  await storage.close();
  return { openMs, tags, replica: '', loss: '', remembered: 0, faults };
};

export const inspect = async (operation: Operation, name: string): Promise<Report> => {
  try {
    if (operation === 'upgrade' || operation === 'appends of several records')
      return await inspectStorage(operation, name);
    return await inspectStore(name);
  } catch (error) {
    return {
      openMs: 0,
      tags: [],
      replica: '',
      loss: '',
      remembered: 0,
      faults: [`it does not open: ${wordsOf(error)}`],
    };
  }
};
