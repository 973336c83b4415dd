import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Commit, headAfter, type RecordedEvent } from '../../../src/core/commit.ts';
import type { EventBody } from '../../../src/core/envelope.ts';
import { aggregateId, eventType, streamId } from '../../../src/core/ids.ts';
import { position, sequence, size } from '../../../src/core/position.ts';
import type { VersionVector } from '../../../src/core/versionVector.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import type { SigningKey } from '../../../src/crypto/signer.ts';
import { memoryStorage } from '../../../src/storage/memory.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { collectStates } from '../../../src/streams/aggregateState.ts';
import { PLAIN_BASIS } from '../../../src/streams/basis.ts';
import { advanceLine, lineOf, stateOfLine } from '../../../src/streams/line.ts';
import { FROM_THE_BEGINNING, openLog } from '../../../src/streams/log.ts';
import { advanceState, emptyState, readerOf } from '../../../src/streams/streamState.ts';
import { Visit } from '../../unit/store/trial.ts';
import { bodyOf, contextOf, KEY_A, KEY_B, TENANT } from '../../unit/support.ts';

const OWN = replicaIdOf(KEY_A.publicKey);
const OTHER = replicaIdOf(KEY_B.publicKey);
const STREAMS = ['a', 'bé', 'c"'].map((id) => streamId(Visit.type, aggregateId(id)));
const DEFINITIONS = new Map([[Visit.type, Visit]]);

/** What somebody records next: most of it as the store would, some of it as only a damaged or newer one would. */
const written = fc.record({
  isOwn: fc.boolean(),
  stream: fc.constantFrom(...STREAMS),
  type: fc.constantFrom('ItemRecorded', 'ItemRecorded', 'ItemRecorded', 'VisitLocked', 'VisitUnlocked', 'ItemErased'),
  item: fc.constantFrom('x', 'y', 'é'),
  value: fc.oneof({ weight: 6, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.constant('no number') }),
  schema: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
  /** Whether its author had seen everything, nothing, or an own event that is not here. */
  seen: fc.oneof({ weight: 6, arbitrary: fc.constant('all') }, fc.constantFrom('nothing', 'more')),
  hasReason: fc.boolean(),
});
type Written = typeof written extends fc.Arbitrary<infer W> ? W : never;

const basisOf = (
  { seen, stream, isOwn }: Written,
  frontiers: Map<string, VersionVector>,
  last: number,
): VersionVector => {
  if (seen === 'nothing') return {};
  return seen === 'all' ? (frontiers.get(stream) ?? {}) : { [isOwn ? OTHER : OWN]: sequence(last + 40) };
};

/** One commit for each run of events of one author. */
const commitsOf = async (script: readonly Written[], sizes: number): Promise<readonly Commit[]> => {
  const heads = new Map([OWN, OTHER].map((replica) => [replica, emptyHead(replica, TENANT)]));
  const frontiers = new Map<string, VersionVector>();
  const commits: Commit[] = [];
  const seal = async (key: SigningKey, bodies: readonly EventBody[]) => {
    const replica = replicaIdOf(key.publicKey);
    const { link } = heads.get(replica) ?? emptyHead(replica, TENANT);
    const [first] = bodies;
    if (first === undefined) return;
    const context = sealContext(contextOf(replica));
    const events = bodies.map(encodeEvent);
    const commit = await signCommit(
      key,
      prepareCommit({ key, context, first: first.sequence, previous: link, events }),
    );
    heads.set(replica, headAfter(commit));
    commits.push(commit);
  };
  const last = new Map([OWN, OTHER].map((replica) => [replica, 0]));
  let open: EventBody[] = [];
  for (const [at, one] of script.entries()) {
    const replica = one.isOwn ? OWN : OTHER;
    const next = (last.get(replica) ?? 0) + 1;
    last.set(replica, next);
    const basis = basisOf(one, frontiers, next);
    const payload = one.type === 'ItemRecorded' ? { item: one.item, value: one.value } : {};
    open.push(
      bodyOf(next, {
        ...{ stream: one.stream, type: eventType(one.type), schema: one.schema, basis, payload },
        ...(one.hasReason ? { reason: 'typing error' } : {}),
      }),
    );
    frontiers.set(one.stream, { ...frontiers.get(one.stream), [replica]: sequence(next) });
    const follows = script[at + 1];
    if (follows?.isOwn === one.isOwn && open.length < sizes) continue;
    await seal(one.isOwn ? KEY_A : KEY_B, open);
    open = [];
  }
  return commits;
};

const stored = async (commits: readonly Commit[]) => {
  const storage = await memoryStorage({ recordBytesMax: 4_096 }).open('log');
  let at = 0;
  for (const { bytes, events } of commits) {
    await storage.append({ expectedSize: size(at), commits: [{ bytes, events: events.length }], marks: {} });
    at += events.length;
  }
  return storage;
};

/** Every state, from a history that is folded in lines or, by a rule that says it is not plain, one event at a time. */
const statesOf = async (storage: EventStorage, isPlain: boolean) => {
  const collected = collectStates(DEFINITIONS, OWN, { ...PLAIN_BASIS, isPlain: () => isPlain });
  const log = await openLog(storage, TENANT, FROM_THE_BEGINNING, collected.take);
  return (await collected.follow(log)).all();
};

describe('a history that is folded in lines', () => {
  it('leads to the states that folding one event after the other leads to [AGG-01, PRJ-06]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), async (script, sizes) => {
        const storage = await stored(await commitsOf(script, sizes));
        expect(await statesOf(storage, true)).toEqual(await statesOf(storage, false));
      }),
      { numRuns: 300 },
    );
  });

  it('takes what this device has recorded alone, and nothing else [AGG-01]', () => {
    const reader = readerOf(Visit, OWN, PLAIN_BASIS);
    const start = lineOf(emptyState(reader), reader);
    if (start === undefined) throw new RangeError('no line');
    const type = eventType('ItemRecorded');
    const payload = { item: 'x', value: 1 };
    const takes = (change: Partial<EventBody>, by = OWN) => {
      const body = bodyOf(4, { type, payload, schema: 1, basis: { [OWN]: sequence(3) }, ...change });
      const line = { ...start, upTo: 3 };
      return advanceLine(line, { body, context: contextOf(by), position: position(0) }, reader) && line.upTo === 4;
    };
    expect(takes({})).toBe(true);
    expect(takes({ basis: {} })).toBe(true);
    expect(takes({}, OTHER)).toBe(false);
    expect(takes({ basis: { [OWN]: sequence(9) } })).toBe(false);
    expect(takes({ basis: { [OTHER]: sequence(1) } })).toBe(false);
    expect(takes({ sequence: sequence(3) })).toBe(false);
    expect(takes({ schema: 2 })).toBe(false);
    expect(takes({ type: eventType('ItemErased') })).toBe(false);
    expect(takes({ type: eventType('VisitUnlocked'), payload: {} })).toBe(false);
  });

  it('shows the machine what was opened of a protected event, as folding one after the other does [AGG-01]', () => {
    const reader = readerOf(Visit, OWN, PLAIN_BASIS);
    const state = emptyState(reader);
    const line = lineOf(state, reader);
    if (line === undefined) throw new RangeError('no line');
    const event: RecordedEvent = {
      body: bodyOf(1, { type: eventType('ItemRecorded'), schema: 1, payload: { item: 'x', value: 1 } }),
      ...{ context: contextOf(OWN), position: position(0), opened: { item: 'x', value: 2 } },
    };
    expect(advanceLine(line, event, reader)).toBe(true);
    expect(line.state.context).toEqual({ items: { x: 2 } });
    expect(stateOfLine(line, state, reader)).toEqual(advanceState(state, event, reader));
  });
});
