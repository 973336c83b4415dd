/** What becomes of calls when the connection under them dies, lies or falls silent. For any IndexedDB. */
import { expect, it } from 'vitest';
import { position, size } from '../../src/core/position.ts';
import { type DexieStorageOptions, dexieStorage } from '../../src/storage/dexie/index.ts';
import { NATIVE_VERSION } from '../../src/storage/dexie/layout.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { writerFor } from '../../src/testing/conformance/writer.ts';
import { contentOf, settled } from '../conformance/engine.ts';
import { verifyLog } from '../conformance/sealed.ts';
import { makeWriter, type Writer } from '../conformance/writer.ts';
import { type Tricks, trickFactory } from './tricks.ts';

export type Grounds = {
  readonly name: string;
  readonly factory: IDBFactory;
  readonly keyRange: typeof IDBKeyRange;
  /** How long the database is waited for: longer than it takes to a strict write on a busy machine. */
  readonly answerMs: number;
  readonly remove: () => Promise<void>;
};

type Tools = {
  readonly storage: EventStorage;
  readonly writer: Writer;
  readonly tricks: Tricks;
  readonly grounds: Grounds;
  /** Another tab. */
  readonly other: () => Promise<EventStorage>;
};

const BASE = 3;
const STEPS_MAX = 60;

const done = (request: IDBOpenDBRequest): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Runs a case over a log of `BASE` events by one replica, on a connection that has appended them itself. */
const inTrouble = async (
  makeGrounds: () => Grounds,
  work: (tools: Tools) => Promise<void>,
  options: DexieStorageOptions = {},
): Promise<void> => {
  const grounds = makeGrounds();
  const { factory, tricks } = trickFactory(grounds.factory);
  const open = (indexedDB: IDBFactory) =>
    dexieStorage({ indexedDB, IDBKeyRange: grounds.keyRange, answerMs: grounds.answerMs, ...options }).open(
      grounds.name,
    );
  const opened: EventStorage[] = [];
  try {
    const [storage, writer] = [await open(factory), await makeWriter()];
    opened.push(storage);
    await storage.keepIdentity(writer.identity);
    await storage.append({ expectedSize: size(0), commits: [await writer.seal(BASE)], marks: { cursor: 1 } });
    const other = async () => {
      const another = await open(grounds.factory);
      opened.push(another);
      return another;
    };
    await work({ storage, writer, tricks, grounds, other });
  } finally {
    for (const storage of opened) await storage.close();
    await grounds.remove();
  }
};

const CALLS: readonly { readonly name: string; readonly call: (storage: EventStorage) => Promise<unknown> }[] = [
  { name: 'asking for the size', call: (storage) => storage.size() },
  { name: 'reading', call: (storage) => storage.read(position(0), 1_000_000) },
  { name: 'reading marks', call: (storage) => storage.readMarks() },
  { name: 'writing marks', call: (storage) => storage.writeMarks({ cursor: 2 }) },
  { name: 'writing a snapshot', call: (storage) => storage.writeSnapshot('view', Uint8Array.of(1)) },
  { name: 'reading identities', call: async (storage) => (await storage.readIdentities()).length },
];

const dyingLaws = (makeGrounds: () => Grounds): void => {
  it('an append whose connection dies before any of its steps is stored, once [REC-18]', async () => {
    for (let [at, reached] = [1, true]; reached; at++) {
      expect(at).toBeLessThan(STEPS_MAX);
      await inTrouble(makeGrounds, async ({ storage, writer, tricks, other }) => {
        let left = at;
        tricks.onStep = (kill) => {
          if (--left === 0) kill();
        };
        const commits = [await writer.seal(2), await writer.seal(1)];
        const outcome = await storage.append({ expectedSize: size(BASE), commits, marks: { cursor: 2 } });
        reached = left <= 0;
        expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 3, records: [BASE] });
        const witness = await other();
        expect(await verifyLog(witness)).toBe(BASE + 3);
        expect(await witness.readMarks()).toEqual({ cursor: 2 });
        const next = await storage.append({ expectedSize: size(BASE + 3), commits: [await writer.seal()], marks: {} });
        expect(next.kind).toBe('appended');
      });
    }
  });

  it('every other call whose connection dies before any of its steps is answered all the same [REC-18]', async () => {
    for (const { name, call } of CALLS) {
      for (let [at, reached] = [1, true]; reached; at++) {
        expect(at).toBeLessThan(STEPS_MAX);
        await inTrouble(makeGrounds, async ({ storage, tricks, other }) => {
          const expected = await call(await other());
          let left = at;
          tricks.onStep = (kill) => {
            if (--left === 0) kill();
          };
          expect(await call(storage), `${name}, step ${at}`).toEqual(expected);
          reached = left <= 0;
        });
      }
    }
  });

  it('calls made at once on a dead connection share one new connection [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, tricks }) => {
      const before = tricks.opened;
      let killed = false;
      tricks.onStep = (kill) => {
        if (!killed) kill();
        killed = true;
      };
      const sizes = await Promise.all(Array.from({ length: 8 }, () => storage.size()));
      expect(sizes).toEqual(Array.from({ length: 8 }, () => BASE));
      expect(tricks.opened).toBe(before + 1);
    }));

  it('connections that die again and again end in a code, and nothing is reported as stored [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, writer, tricks, other }) => {
      tricks.onStep = (kill) => kill();
      const request = { expectedSize: size(BASE), commits: [await writer.seal()], marks: {} };
      expect(await settled(storage.append(request))).toEqual({ code: 'storage.connection-lost' });
      expect(await verifyLog(await other())).toBe(BASE);
      tricks.onStep = () => {};
      expect(await settled(storage.append(request))).toHaveProperty('value.kind', 'appended');
    }));
};

/** A clock that has stood still for so long that the next append is doubted. */
const afterPause = () => {
  let nowMs = 0;
  return {
    clock: { uptimeMs: () => nowMs },
    pass: () => {
      nowMs += 3_600_000;
    },
  };
};

const lyingLaws = (makeGrounds: () => Grounds): void => {
  it('a write after a pause that is acknowledged and not stored is written again [REC-18]', () => {
    const { clock, pass } = afterPause();
    return inTrouble(
      makeGrounds,
      async ({ storage, writer, tricks, other }) => {
        let lies = 1;
        tricks.onCommit = () => (lies-- > 0 ? 'lost' : 'kept');
        pass();
        const commits = [await writer.seal()];
        const outcome = await storage.append({ expectedSize: size(BASE), commits, marks: {} });
        expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 1 });
        expect(lies).toBeLessThan(0);
        expect(await verifyLog(await other())).toBe(BASE + 1);
      },
      { clock },
    );
  });

  it('where every append is read back, a lie without any pause is found too [REC-18]', () =>
    inTrouble(
      makeGrounds,
      async ({ storage, writer, tricks, other }) => {
        let lies = 1;
        tricks.onCommit = () => (lies-- > 0 ? 'lost' : 'kept');
        const commits = [await writer.seal()];
        const outcome = await storage.append({ expectedSize: size(BASE), commits, marks: {} });
        expect(outcome).toMatchObject({ kind: 'appended', size: BASE + 1 });
        expect(lies).toBeLessThan(0);
        expect(await verifyLog(await other())).toBe(BASE + 1);
      },
      { clock: afterPause().clock, readBack: 'always' },
    ));

  it('an engine that acknowledges and never stores is told from one that stores [REC-18]', () => {
    const { clock, pass } = afterPause();
    return inTrouble(
      makeGrounds,
      async ({ storage, writer, tricks, other }) => {
        tricks.onCommit = () => 'lost';
        pass();
        const append = storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: {} });
        expect(await settled(append)).toEqual({ code: 'storage.connection-lost' });
        expect(await verifyLog(await other())).toBe(BASE);
      },
      { clock },
    );
  });
};

const silentLaws = (makeGrounds: () => Grounds): void => {
  it('an append that is stored and never answered is found, and not written twice [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, writer, tricks, grounds, other }) => {
      tricks.onStep = () => {
        tricks.silent = tricks.opened === 1;
      };
      const commits = [await writer.seal(2)];
      const append = storage.append({ expectedSize: size(BASE), commits, marks: { cursor: 2 } });
      await new Promise((resolve) => setTimeout(resolve, grounds.answerMs / 2));
      tricks.silent = false;
      tricks.onStep = () => {};
      expect(await append).toMatchObject({ kind: 'appended', size: BASE + 2, records: [BASE] });
      const witness = await other();
      expect(await verifyLog(witness)).toBe(BASE + 2);
      expect(await witness.readMarks()).toEqual({ cursor: 2 });
    }));

  it('an append without an answer whose place another tab took is a conflict [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, writer, tricks, other }) => {
      const [rival, theirs] = [await other(), await makeWriter()];
      let isLost = true;
      tricks.onStep = (kill) => {
        if (isLost) kill();
        isLost = false;
      };
      await rival.append({ expectedSize: size(BASE), commits: [await theirs.seal()], marks: {} });
      const append = storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: { cursor: 9 } });
      expect(await append).toEqual({ kind: 'conflict' });
      expect(await verifyLog(rival)).toBe(BASE + 1);
      expect(await rival.readMarks()).toEqual({ cursor: 1 });
    }));

  it('a database that never answers again ends every call in time [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, writer, tricks, grounds }) => {
      const commits = [await writer.seal()];
      tricks.silent = true;
      const startedAtMs = performance.now();
      const append = storage.append({ expectedSize: size(BASE), commits, marks: {} });
      const answers = await Promise.all([settled(append), ...CALLS.map(({ call }) => settled(call(storage)))]);
      const tookMs = performance.now() - startedAtMs;
      for (const answer of answers) expect(answer).toEqual({ code: 'storage.unresponsive' });
      expect(tookMs).toBeLessThan(2 * grounds.answerMs + 2_000);
      tricks.silent = false;
      expect(await storage.size()).toBeGreaterThanOrEqual(BASE);
    }));
};

const lossLaws = (makeGrounds: () => Grounds): void => {
  const calls = async ({ storage, writer }: Tools): Promise<readonly unknown[]> => {
    const append = { expectedSize: size(BASE), commits: [await writer.seal()], marks: {} };
    return [await settled(storage.append(append)), await settled(storage.size()), await settled(storage.readMarks())];
  };
  const LOST = [{ code: 'storage.lost' }, { code: 'storage.lost' }, { code: 'storage.lost' }];

  it('a database that was deleted is reported as lost, and does not come up again empty [REC-10, REC-18]', () =>
    inTrouble(makeGrounds, async (tools) => {
      const { factory, name } = tools.grounds;
      await done(factory.deleteDatabase(name));
      expect(await calls(tools)).toEqual(LOST);
      // WebKit lists a database whose first layout was refused, as version 0: there is nothing in it.
      const listed = (await factory.databases()).filter(({ version }) => version !== 0);
      expect(listed.map((database) => database.name)).not.toContain(name);
    }));

  it('a database that another tab began anew is reported as lost, and nothing is recorded into it [REC-10, REC-18]', () =>
    inTrouble(makeGrounds, async (tools) => {
      await done(tools.grounds.factory.deleteDatabase(tools.grounds.name));
      const [other, theirs] = [await tools.other(), await makeWriter()];
      await other.keepIdentity(theirs.identity);
      for (let at = 0; at < BASE + 2; at++)
        await other.append({ expectedSize: size(at), commits: [await theirs.seal()], marks: {} });
      const before = await contentOf(other);
      expect(await calls(tools)).toEqual(LOST);
      expect(await contentOf(other)).toEqual(before);
    }));

  it('a database that has become shorter is reported as lost [REC-10, REC-18]', () =>
    inTrouble(makeGrounds, async (tools) => {
      await done(tools.grounds.factory.deleteDatabase(tools.grounds.name));
      const other = await tools.other();
      await other.keepIdentity(tools.writer.identity);
      const again = writerFor(tools.writer.identity);
      await other.append({ expectedSize: size(0), commits: [await again.seal(BASE - 1)], marks: {} });
      expect(await calls(tools)).toEqual(LOST);
    }));

  it('a connection that made way for a newer layout says so, and one whose successor failed goes on [REC-18]', () =>
    inTrouble(makeGrounds, async ({ storage, grounds, writer }) => {
      const failed = grounds.factory.open(grounds.name, NATIVE_VERSION + 10);
      failed.onupgradeneeded = () => failed.transaction?.abort();
      await done(failed).catch(() => undefined);
      const append = await storage.append({ expectedSize: size(BASE), commits: [await writer.seal()], marks: {} });
      expect(append.kind).toBe('appended');
      const newer = await done(grounds.factory.open(grounds.name, NATIVE_VERSION + 10));
      expect(await settled(storage.size())).toEqual({ code: 'storage.outdated' });
      newer.close();
      expect(await settled(storage.size())).toEqual({ code: 'storage.outdated' });
    }));
};

export const connectionLaws = (makeGrounds: () => Grounds): void => {
  dyingLaws(makeGrounds);
  lyingLaws(makeGrounds);
  silentLaws(makeGrounds);
  lossLaws(makeGrounds);
};
