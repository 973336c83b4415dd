import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRecord } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { fromUtf8 } from '../../../src/crypto/bytes.ts';
import { canonicalBytes, readCanonical } from '../../../src/crypto/canonical.ts';
import { readVault, type VaultDocument, writeVault } from '../../../src/keys/format.ts';
import { at, codeOf, codeOfAsync, flipped } from '../support.ts';
import { ADA, BEA, world } from './world.ts';

const SAMPLE = await (async (): Promise<VaultDocument> => {
  const { vault, document } = world();
  const ada = await vault.create(ADA);
  await vault.enrol(ada, BEA, { share: [] });
  await ada.makeWrappingKey('study');
  await vault.addWay(ADA, { passkey: true });
  await vault.addWay(ADA, { key: new Uint8Array(32).fill(5) });
  await codeOfAsync(() => vault.unlock({ ...BEA, passphrase: 'a wrong passphrase' }));
  return document();
})();
const BYTES = writeVault(SAMPLE);

/** Every object and list in a JSON value, by its path. */
const pathsOf = (
  value: unknown,
  path: readonly (string | number)[] = [],
): readonly (readonly (string | number)[])[] => {
  const inside = Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : [];
  return [path, ...inside.flatMap(([name, each]) => pathsOf(each, [...path, name]))];
};

/** The value with what stands at a path replaced. */
const replaced = (
  value: unknown,
  [name, ...rest]: readonly (string | number)[],
  next: (old: unknown) => unknown,
): unknown => {
  if (name === undefined) return next(value);
  if (Array.isArray(value)) return value.map((each, index) => (index === name ? replaced(each, rest, next) : each));
  return isRecord(value) ? { ...value, [name]: replaced(value[name], rest, next) } : value;
};

const codeOfJson = (json: unknown) => codeOf(() => readVault(canonicalBytes(json)));

describe('a vault as bytes', () => {
  it('comes out as it went in, in one spelling [KEY-14]', () => {
    expect(readVault(BYTES)).toEqual(SAMPLE);
    expect(writeVault(readVault(BYTES))).toEqual(BYTES);
    for (const text of [` ${fromUtf8(BYTES)}`, JSON.stringify(JSON.parse(fromUtf8(BYTES)), null, 1)])
      expect(codeOf(() => readVault(new TextEncoder().encode(text)))).toBe('vault.malformed');
  });

  it('is refused with a name more or less anywhere, or a value of another kind [KEY-14]', () => {
    const json = readCanonical(BYTES);
    const paths = pathsOf(json).filter((path) => path.length > 0);
    expect(paths.length).toBeGreaterThan(60);
    for (const path of paths) {
      const isNewer = path.join() === 'format';
      for (const other of [null, true, 'x', -1, 0.5, [], {}]) {
        const changed = replaced(json, path, () => other);
        const isEmptyList =
          Array.isArray(other) &&
          path.length < 5 &&
          ['users', 'attempts', 'failures', 'ways', 'held'].includes(String(path.at(-1)));
        if (!isEmptyList)
          expect(codeOfJson(changed), `${path.join('.')} ${JSON.stringify(other)}`).toBe('vault.malformed');
      }
      if (isNewer) expect(codeOfJson(replaced(json, path, () => 2))).toBe('vault.unsupported-format');
    }
    for (const path of pathsOf(json)) {
      const more = replaced(json, path, (old) => (isRecord(old) ? { ...old, more: 1 } : old));
      if (fromUtf8(canonicalBytes(more)) !== fromUtf8(BYTES)) expect(codeOfJson(more)).toBe('vault.malformed');
    }
  });

  it('is refused, or another vault, with any bit flipped or cut anywhere; it never fails otherwise [KEY-14]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 * BYTES.length - 1 }), (bit) => {
        const code = codeOf(() => expect(readVault(flipped(BYTES, bit))).not.toEqual(SAMPLE));
        expect([undefined, 'vault.malformed', 'vault.unsupported-format']).toContain(code);
      }),
      { numRuns: 2_000 },
    );
    for (let length = 0; length < BYTES.length; length += 7)
      expect(codeOf(() => readVault(BYTES.slice(0, length)))).toBe('vault.malformed');
  });

  it('names no cost that is below the floor, or so high that it would stop the device [KEY-14]', () => {
    const { memoryKib, passes } = at(at(SAMPLE.users, 0).ways, 0).cost ?? { memoryKib: 0, passes: 0 };
    const unsound = [
      { memoryKib: LIMITS.argonMemoryKibMin - 1, passes },
      { memoryKib: LIMITS.argonMemoryKibMax + 1, passes },
      { memoryKib, passes: LIMITS.argonPassesMin - 1 },
      { memoryKib, passes: LIMITS.argonPassesMax + 1 },
    ];
    const json = readCanonical(BYTES);
    for (const cost of unsound)
      expect(codeOfJson(replaced(json, ['users', 0, 'ways', 0, 'cost'], () => cost))).toBe('vault.malformed');
  });

  it('names each user, way and bucket once, and no more of them than is allowed [KEY-14]', () => {
    const { users, attempts } = SAMPLE;
    const twice = (change: Partial<VaultDocument>) => codeOf(() => readVault(writeVault({ ...SAMPLE, ...change })));
    expect(twice({ users: [...users, at(users, 0)] })).toBe('vault.malformed');
    expect(twice({ attempts: [...attempts, at(attempts, 0)] })).toBe('vault.malformed');
    expect(twice({ users: users.map((user) => ({ ...user, ways: at(users, 0).ways })) })).toBe('vault.malformed');
    const many = Array.from({ length: LIMITS.vaultUsersMax + 1 }, () => at(users, 0));
    expect(codeOf(() => writeVault({ ...SAMPLE, users: many }))).toBe('vault.full');
    const ways = Array.from({ length: LIMITS.vaultWaysMax + 1 }, () => at(at(users, 0).ways, 0));
    expect(codeOf(() => writeVault({ ...SAMPLE, users: [{ ...at(users, 0), ways }] }))).toBe('vault.full');
    expect(codeOf(() => readVault(new Uint8Array(LIMITS.vaultBytesMax + 1)))).toBe('vault.malformed');
  });
});
