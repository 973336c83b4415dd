/**
 * A fault at every step: for each kind of fault and each n, the n-th step of an operation fails, until the operation
 * runs through. It then stored all or nothing, says so truthfully, and can be done again.
 */
import { expect, it } from 'vitest';
import { size } from '../../../src/core/position.ts';
import type { CommitBytes, EventStorage } from '../../../src/storage/port.ts';
import { contentOf, type Engine, NAME, type Place, type Settled, settled } from '../engine.ts';
import { FAULT_KINDS, type FaultKind } from '../faults.ts';
import { verifyLog } from '../sealed.ts';
import { makeIdentity, makeWriter, type Writer } from '../writer.ts';

type Operation = {
  readonly name: string;
  /** Steps that it takes at least, so that a fault which is never reached is noticed. */
  readonly stepsMin: number;
  /** Prepares what the operation needs, and gives it. */
  readonly prepare: (writer: Writer) => Promise<(storage: EventStorage) => Promise<unknown>>;
  /** On a fresh connection, which has not seen the log yet. */
  readonly fresh?: boolean;
};

const fault = { identity: 'a', foundAt: '2026-01-01T00:00:00.000Z', code: 'chain.gap', sequence: 2 } as const;

/** The content after the base log of every case is of this size. */
const BASE = 3;

const appendOf = (fillers: readonly number[], marks: Record<string, number>) => async (writer: Writer) => {
  const commits: CommitBytes[] = [];
  for (const filler of fillers) commits.push(await writer.seal(2, filler));
  return (storage: EventStorage) => storage.append({ expectedSize: size(BASE), commits, marks });
};

const OPERATIONS: readonly Operation[] = [
  { name: 'an append', stepsMin: 3, prepare: appendOf([10], {}) },
  { name: 'an append on a fresh connection', stepsMin: 4, fresh: true, prepare: appendOf([10], {}) },
  {
    name: 'an append of several records with marks',
    stepsMin: 7,
    prepare: appendOf([9_000, 20_000, 8, 20_000, 15_000], { cursor: 2, other: 3 }),
  },
  { name: 'an append of marks alone', stepsMin: 4, prepare: appendOf([], { cursor: 2 }) },
  { name: 'writing marks', stepsMin: 2, prepare: async () => (storage) => storage.writeMarks({ cursor: 5, other: 6 }) },
  {
    name: 'keeping an identity',
    stepsMin: 3,
    prepare: async (writer) => (storage) => storage.keepIdentity(writer.identity),
  },
  {
    name: 'keeping a finding',
    stepsMin: 3,
    prepare: async () => (storage) => storage.keepFinding(fault, Uint8Array.of(1)),
  },
  {
    name: 'writing a snapshot',
    stepsMin: 2,
    prepare: async () => (storage) => storage.writeSnapshot('view', Uint8Array.of(1)),
  },
];

const CODES: Readonly<Record<FaultKind, readonly string[]>> = {
  throws: ['storage.failed'],
  aborts: ['storage.failed'],
  'is out of space': ['storage.quota-exceeded'],
};

const check = async (
  answer: Settled<unknown>,
  kind: FaultKind,
  states: { at: number; before: unknown; after: unknown; now: unknown },
) => {
  if ('code' in answer) {
    expect(CODES[kind], `step ${states.at}`).toContain(answer.code);
    expect(states.now).toEqual(states.before);
  } else expect(states.now).toEqual(states.after);
};

type Case = { readonly operation: Operation; readonly kind: FaultKind; readonly at: number };

/** Runs one case; false when the operation ended before the fault was reached. */
const runCase = async (engine: Engine, { operation, kind, at }: Case): Promise<boolean> => {
  const place = engine.makePlace();
  const faulty = place.faulty?.();
  if (faulty === undefined) throw new Error('the engine has no faults');
  const clean = await place.adapter().open(NAME);
  const storage = await faulty.adapter.open(NAME);
  try {
    const writer = await makeWriter();
    const base = { expectedSize: size(0), commits: [await writer.seal(BASE)], marks: { cursor: 1 } };
    await (operation.fresh ? clean : storage).append(base);
    const act = await operation.prepare(writer);
    const before = await contentOf(clean);
    faulty.faults.arm(at, kind);
    const answer = await settled(act(storage));
    const reached = faulty.faults.disarm();
    const now = await contentOf(clean);
    await settled(act(storage));
    const after = await contentOf(clean);
    await check(answer, kind, { at, before, after, now });
    expect(after).not.toEqual(before);
    await verifyLog(storage);
    if (!reached) expect(answer).toHaveProperty('value');
    return reached;
  } finally {
    await storage.close();
    await clean.close();
    await place.remove();
  }
};

const openingLaw = (engine: Engine, kind: FaultKind): void => {
  it(`opening when the n-th step ${kind}, for every n: fails with a code, and opens empty or whole afterwards [REC-08]`, async () => {
    for (const filled of [false, true]) {
      for (let at = 1, reached = true; reached; at++) {
        expect(at).toBeLessThan(50);
        reached = await openWithFault(engine.makePlace(), { filled, kind, at });
        if (!reached) expect(at).toBeGreaterThan(filled ? 1 : 4);
      }
    }
  });
};

const openWithFault = async (place: Place, { filled, kind, at }: { filled: boolean; kind: FaultKind; at: number }) => {
  const writer = await makeWriter();
  const commits = [await writer.seal(2)];
  const fill = (storage: EventStorage) => storage.append({ expectedSize: size(0), commits, marks: {} });
  const faulty = place.faulty?.();
  if (faulty === undefined) throw new Error('the engine has no faults');
  try {
    if (filled) {
      const first = await place.adapter().open(NAME);
      await fill(first);
      await first.close();
    }
    faulty.faults.arm(at, kind);
    const answer = await settled(faulty.adapter.open(NAME));
    const reached = faulty.faults.disarm();
    if ('value' in answer) await answer.value.close();
    else expect(['storage.failed', 'storage.quota-exceeded']).toContain(answer.code);
    const again = await place.adapter().open(NAME);
    if (!filled) await fill(again);
    expect(await verifyLog(again)).toBe(2);
    await again.close();
    return reached;
  } finally {
    await place.remove();
  }
};

/** An engine without operations that can fail: what it does instead is refuse before it changes anything. */
const harmlessLaw = (engine: Engine): void => {
  it('no step can fail half way: an operation either answers or has refused before it changed anything [REC-07]', async () => {
    const place = engine.makePlace();
    const storage = await place.adapter().open(NAME);
    const writer = await makeWriter();
    const base = { expectedSize: size(0), commits: [await writer.seal(BASE)], marks: { cursor: 1 } };
    await storage.append(base);
    const identity = await makeIdentity();
    for (const operation of OPERATIONS) {
      const act = await operation.prepare(await makeWriter(identity));
      await storage.close();
      const reopened = await place.adapter().open(NAME);
      const before = await contentOf(reopened);
      expect(await settled(act(storage)), operation.name).toEqual({ code: 'storage.closed' });
      expect(await contentOf(reopened)).toEqual(before);
      expect(await verifyLog(reopened)).toBe(BASE);
      await reopened.close();
    }
  });
};

export const faultLaws = (engine: Engine): void => {
  if (engine.makePlace().faulty === undefined) {
    harmlessLaw(engine);
    return;
  }
  for (const kind of FAULT_KINDS) {
    openingLaw(engine, kind);
    for (const operation of OPERATIONS) {
      it(`${operation.name} when the n-th step ${kind}, for every n: all is stored or nothing [REC-07]`, async () => {
        let at = 1;
        while (await runCase(engine, { operation, kind, at })) {
          at++;
          expect(at).toBeLessThan(50);
        }
        expect(at - 1).toBeGreaterThanOrEqual(operation.stepsMin);
      });
    }
  }
};
