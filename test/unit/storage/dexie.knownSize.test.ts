/** When an append may rely on the clash with a taken key. */
import { expect, it } from 'vitest';
import { size } from '../../../src/core/position.ts';
import { knownSize } from '../../../src/storage/dexie/knownSize.ts';
import type { Presence } from '../../../src/storage/dexie/presence.ts';

const presence = (): Presence & { hold: (held: object | undefined) => void } => {
  let held: object | undefined = {};
  return {
    held: () => held,
    hold: (next) => {
      held = next;
    },
    alone: async () => {},
    end: () => {},
  };
};

const CONNECTION = {};

it('a size counts as known from where the lock is held, and on its own connection only [REC-04]', () => {
  const lock = presence();
  const known = knownSize(lock);
  expect(known.is(CONNECTION, size(3))).toBe(false);
  expect(known.learner(CONNECTION)(size(3))).toBe(3);
  expect(known.is(CONNECTION, size(3))).toBe(true);
  expect(known.is(CONNECTION, size(2))).toBe(false);
  expect(known.is({}, size(3))).toBe(false);
  lock.hold(undefined);
  expect(known.is(CONNECTION, size(3))).toBe(false);
  lock.hold({});
  expect(known.is(CONNECTION, size(3))).toBe(false);
});

it('a size that was asked for before the lock was held, or over a break, does not count [REC-04]', () => {
  const lock = presence();
  const known = knownSize(lock);
  for (const [before, after] of [
    [undefined, {}],
    [{}, {}],
    [{}, undefined],
  ]) {
    lock.hold(before);
    const learn = known.learner(CONNECTION);
    lock.hold(after);
    expect(learn(size(3))).toBe(3);
    expect(known.is(CONNECTION, size(3))).toBe(false);
  }
});

it('an older size does not replace a newer one [REC-04]', () => {
  const known = knownSize(presence());
  const [first, second] = [known.learner(CONNECTION), known.learner(CONNECTION)];
  second(size(5));
  first(size(3));
  expect(known.is(CONNECTION, size(5))).toBe(true);
});
