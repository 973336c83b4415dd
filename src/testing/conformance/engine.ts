/** What a storage adapter brings to the conformance kit, and what the laws share. */
import { isStoreError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import { toBase64 } from '../../crypto/bytes.ts';
import { makeSigningKey } from '../../crypto/signer.ts';
import type { Durability, EventStorage, Identity, StorageAdapter, StoredRecord } from '../../storage/port.ts';
import { holds } from './check.ts';
import type { FaultKind, StorageFaults } from './faults.ts';
import { identityWith, type Writer, writerFor } from './writer.ts';

/** One place where data is kept, empty at first. */
export type ConformancePlace = {
  /** An adapter on this place, as another page or process would make it. */
  readonly adapter: () => StorageAdapter;
  /**
   * An adapter on the same place whose steps fail on demand, in this way; needed if the engine names kinds of faults. Where
   * the engine is to fall silent (`isSilent`), an adapter that waits a short time makes the laws quick; otherwise it waits
   * as long as it always does, so that a busy machine is not taken for a silent engine.
   */
  readonly faulty?: (kind: FaultKind) => { readonly adapter: StorageAdapter; readonly faults: StorageFaults };
  /** Removes the place with all that is in it. Every connection has been closed. */
  readonly remove: () => void | Promise<void>;
};

export type ConformanceEngine = {
  /** What the adapter says of its appends. */
  readonly durability: Durability;
  readonly makePlace: () => ConformancePlace | Promise<ConformancePlace>;
  /** Kinds of faults that the places bring about. None only for an engine of which no step can fail. */
  readonly faultKinds: readonly FaultKind[];
  /** True for an adapter that keeps private keys as bytes, and says so. */
  readonly keepsKeyBytes?: true;
  /** How often the comparison with the reference model is run, 25 unless named; fewer where each step costs a disk. */
  readonly modelRuns?: number;
  /** Repeats a run of that comparison: the message of a failure names its seed. */
  readonly modelSeed?: number;
  /**
   * How many cases of a law with faults go side by side, each in a place of its own: 1 unless named, or 4 where the engine falls
   * silent. More where the engine is in another process, and a case mostly waits for it.
   */
  readonly casesAtOnce?: number;
  /** How long a call may wait for an engine that never answers before it says so; 5 seconds unless named. */
  readonly patienceMs?: number;
};

/** Something that every adapter holds to. */
export type ConformanceLaw = {
  readonly name: string;
  /** Row of `docs/requirements.md`. */
  readonly requirement: string;
  /** @throws ConformanceError if the adapter breaks the law */
  readonly run: () => Promise<void>;
};

export const NAME = 'trial-042';
const PATIENCE_MS = 5_000;

/** What a law works with. */
export type Tools = {
  readonly engine: ConformanceEngine;
  /** Opens a further connection. */
  readonly open: () => Promise<EventStorage>;
  readonly place: ConformancePlace;
  /** Runs a case in a further place, which is removed after it. */
  readonly elsewhere: (work: (tools: Tools) => Promise<void>) => Promise<void>;
  /** Makes a replica. */
  readonly makeIdentity: () => Promise<Identity>;
  /** Makes a replica that writes. */
  readonly makeWriter: () => Promise<Writer>;
};

/** A law before it is known whose it is. */
export type Law = {
  readonly name: string;
  readonly requirement: string;
  readonly work: (tools: Tools) => Promise<void>;
};

/** A law by its name, which ends in its requirement. */
export const law = (name: string, work: (tools: Tools) => Promise<void>): Law => {
  const bracket = name.lastIndexOf(' [');
  return { name: name.slice(0, bracket), requirement: name.slice(bracket + 2, -1), work };
};

/** Runs a case in a place of its own, which is removed whatever happens; connections that the case opens are closed. */
export const inPlace = async (engine: ConformanceEngine, work: (tools: Tools) => Promise<void>): Promise<void> => {
  const place = await engine.makePlace();
  const opened: EventStorage[] = [];
  const open = async () => {
    const storage = await place.adapter().open(NAME);
    opened.push(storage);
    return storage;
  };
  const makeKey = () => makeSigningKey({ extractable: engine.keepsKeyBytes === true });
  const makeIdentity = () => identityWith(makeKey);
  try {
    await work({
      engine,
      place,
      open,
      elsewhere: (further) => inPlace(engine, further),
      makeIdentity,
      makeWriter: async () => writerFor(await makeIdentity()),
    });
  } finally {
    for (const storage of opened) await storage.close();
    await place.remove();
  }
};

/** Work that goes on at once. When some of it fails, the rest is waited for all the same. */
export const atOnce = async (work: readonly Promise<unknown>[]): Promise<void> => {
  await Promise.allSettled(work);
  await Promise.all(work);
};

export type Settled<T> = { readonly value: T } | { readonly code: string };

/** What a call came to: its value, or the code of its failure. A failure without a code breaks every law. */
export const settled = async <T>(call: Promise<T>): Promise<Settled<T>> => {
  try {
    return { value: await call };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { code: error.code };
  }
};

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a call came to within the engine's patience; undefined if it still waits. */
export const settledInTime = async <T>(
  { patienceMs = PATIENCE_MS }: ConformanceEngine,
  call: Promise<T>,
): Promise<Settled<T> | undefined> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    return await Promise.race([settled(call), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Bytes as text and records as plain values: compared at once, where an array is compared element by element. */
export const plain = (records: readonly StoredRecord[]) =>
  records.map((record) => ({
    position: record.position,
    commits: record.commits.map(({ bytes, events }) => ({ bytes: toBase64(bytes), events })),
  }));

/** Everything that a storage holds, as plain values. */
export const contentOf = async (storage: EventStorage) => {
  const identity = await storage.readIdentity();
  const identities = await storage.readIdentities();
  return {
    size: await storage.size(),
    records: plain(await storage.read(position(0), Number.MAX_SAFE_INTEGER)),
    marks: { ...(await storage.readMarks()) },
    findings: await storage.readFindings(),
    snapshot: await storage.readSnapshot('view'),
    packedTo: await storage.packedTo(),
    identities: identities.map(({ replica, tenant, createdAt }) => ({ replica, tenant, createdAt })),
    replica: identity?.replica,
    publicKey: identity?.key.publicKey,
  };
};

/** Waits until it holds, at most two seconds. */
export const eventually = async (condition: () => boolean, what = 'it came about in two seconds'): Promise<void> => {
  const until = Date.now() + 2_000;
  while (!condition() && Date.now() < until) await pause(5);
  holds(condition(), what);
};
