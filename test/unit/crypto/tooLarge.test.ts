/** What is too large is refused with its size and the limit, whichever part of a record it is. */
import { expect, it } from 'vitest';
import type { EventBody } from '../../../src/core/envelope.ts';
import { isStoreError } from '../../../src/core/errors.ts';
import { hash32, tenantId, userId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { sequence, size } from '../../../src/core/position.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { writeEvents } from '../../../src/crypto/eventText.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { memoryStorage } from '../../../src/storage/memory.ts';
import { packRecords } from '../../../src/storage/packing.ts';
import { bodyOf, codeOf, contextOf, KEY_A } from '../support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const of = (length: number): string => 'a'.repeat(length);

const failureOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    if (isStoreError(error)) return { code: error.code, ...error.details };
    throw error;
  }
  return undefined;
};

const eventOf = (bytes: number) => {
  const empty = encodeEvent(bodyOf(1, { payload: { text: '' } })).bytes.length;
  return bodyOf(1, { payload: { text: of(bytes - empty) } });
};

it.each([
  ['read back as a value', encodeEvent],
  ['as it is written', (body: EventBody) => writeEvents([body])],
])('an event over the limit is refused with its size and the limit, %s [FMT-13]', async (_, write) => {
  const bytesMax = LIMITS.eventBytesMax;
  expect(await failureOf(() => write(eventOf(bytesMax)))).toBeUndefined();
  for (const bytes of [bytesMax + 1, bytesMax + 1_000]) {
    expect(await failureOf(() => write(eventOf(bytes)))).toEqual({
      ...{ code: 'append.too-large', what: 'event' },
      ...{ bytes, bytesMax },
    });
  }
});

it('the largest context that its parts allow is within the limit, so none is ever refused for its size [FMT-13]', () => {
  const wide = '\u20ac'.repeat(LIMITS.idLengthMax); // three bytes each, the most that one unit takes
  const { recordedAt } = contextOf(REPLICA);
  const largest = contextOf(REPLICA, {
    tenant: tenantId('t'.repeat(LIMITS.idLengthMax)),
    actor: { user: userId(wide), role: wide, onBehalfOf: userId(wide) },
    recordedAt: { ...recordedAt, zone: wide, offsetMin: -1_440, uptimeMs: Number.MAX_SAFE_INTEGER },
    receipt: { time: recordedAt.utc, size: Number.MAX_SAFE_INTEGER },
    software: { store: wide, registry: wide, app: wide },
    trace: { correlation: wide, causation: wide, traceparent: wide },
  });
  const { length } = sealContext(largest).bytes;
  expect(length).toBeGreaterThan(10 * 3 * LIMITS.idLengthMax);
  expect(length).toBeLessThanOrEqual(LIMITS.contextBytesMax);
  expect(codeOf(() => sealContext({ ...largest, trace: { correlation: `${wide}x` } }))).toBe('append.invalid');
});

const limits = { eventsMax: LIMITS.commitEventsMax, bytesMax: LIMITS.commitBytesMax };

it.each([
  ['bytes', LIMITS.commitBytesMax + 1, 1],
  ['events', 1_000, LIMITS.commitEventsMax + 1],
])(
  'a commit of too many %s is refused with its size and the limits, before storage is asked [FMT-13]',
  async (_, bytes, events) => {
    const tooLarge = { code: 'append.too-large', what: 'commit', bytes, events, ...limits };
    expect(await failureOf(() => packRecords(size(0), [{ bytes: new Uint8Array(bytes), events }]))).toEqual(tooLarge);
    const storage = await memoryStorage().open('limits');
    const commits = [{ bytes: new Uint8Array(bytes), events }];
    expect(await failureOf(() => storage.append({ expectedSize: size(0), commits, marks: {} }))).toEqual(tooLarge);
    expect(await storage.size()).toBe(0);
  },
);

it('a commit that would be sealed too large is refused with its size and the limits [FMT-13]', async () => {
  const context = sealContext(contextOf(REPLICA));
  const previous = hash32(new Uint8Array(32));
  const half = Math.floor(LIMITS.commitBytesMax / 2);
  const events = [1, 2].map((at) => encodeEvent({ ...eventOf(half), sequence: sequence(at) }));
  const prepared = prepareCommit({ key: KEY_A, context, first: sequence(1), previous, events });
  expect(await failureOf(() => signCommit(KEY_A, prepared))).toEqual({
    ...{ code: 'append.too-large', what: 'commit', events: 2, ...limits },
    bytes: expect.toSatisfy((bytes: number) => bytes > LIMITS.commitBytesMax && bytes < LIMITS.commitBytesMax + 2_000),
  });
});
