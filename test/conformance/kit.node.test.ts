/** The kit itself: it passes a sound adapter whole, and finds each of those that break the contract in one way. */
import { expect, it } from 'vitest';
import { areSame, ConformanceError, same } from '../../src/testing/conformance/check.ts';
import { type ConformanceEngine, storageConformance } from '../../src/testing/conformance/index.ts';
import { makeScript, shorten, written } from '../../src/testing/conformance/laws/script.ts';
import { bufferedEngine, engineOf, MUTANTS } from './mutants.ts';

/** Names of the laws that an adapter breaks, of those whose name is asked for. */
const failing = async (engine: ConformanceEngine, asked = /./): Promise<readonly string[]> => {
  const names: string[] = [];
  for (const { name, run } of storageConformance(engine).filter((law) => asked.test(law.name))) {
    const fault: unknown = await run().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fault !== undefined) names.push(name);
  }
  return names;
};

it('a sound adapter passes every law [REC-07]', async () => {
  expect(await failing(engineOf({}))).toEqual([]);
});

it.each(MUTANTS)('an adapter that $name is found by the law about it [REC-07]', async ({ found, mutant }) => {
  expect(await failing(engineOf(mutant), found)).not.toEqual([]);
});

it('an adapter that acknowledges what it holds in a buffer is found [REC-07]', async () => {
  expect(await failing(bufferedEngine(), /crash|has not heard/)).not.toEqual([]);
});

it('every law has a name of its own and ends in a requirement [REC-07]', () => {
  const laws = storageConformance(engineOf({}));
  expect(new Set(laws.map(({ name }) => name)).size).toBe(laws.length);
  for (const { requirement } of laws) expect(requirement).toMatch(/^[A-Z]{2,4}-\d{2}$/);
  expect(laws.length).toBeGreaterThan(160);
});

it('two values differ where one of their members does, and the message names the place [REC-07]', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(areSame({ a: [1, bytes], b: undefined }, { a: [1, Uint8Array.of(1, 2, 3)] })).toBe(true);
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [1, 2],
    [0, -0],
    [null, undefined],
    [[1], { 0: 1 }],
    [bytes, [1, 2, 3]],
    [bytes, Uint8Array.of(1, 2)],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
    [{ a: 1 }, { a: 1, c: 2 }],
  ];
  for (const [actual, expected] of pairs) expect(areSame(actual, expected)).toBe(false);
  expect(() => same({ a: { b: [1, 5] } }, { a: { b: [1, 2] } }, 'what was read')).toThrow(
    new ConformanceError('what was read: at a.b.1: expected 2, got 5'),
  );
});

it('a script is the same for the same seed, and a failing one is shortened to what makes it fail [REC-07]', async () => {
  expect(written(makeScript(7))).toBe(written(makeScript(7)));
  expect(written(makeScript(7))).not.toBe(written(makeScript(8)));
  const seed = Array.from({ length: 100 }, (_, at) => at).find((at) => {
    const kinds = makeScript(at).map(({ act }) => act.kind);
    return kinds.includes('pack') && kinds.includes('find');
  });
  const script = makeScript(seed ?? 0);
  const fails = async (steps: typeof script) =>
    steps.some(({ act }) => act.kind === 'pack') && steps.some(({ act }) => act.kind === 'find');
  const shortest = await shorten(script, fails);
  expect(shortest.map(({ act }) => act.kind).sort()).toEqual(['find', 'pack']);
});
