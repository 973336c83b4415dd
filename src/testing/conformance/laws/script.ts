/** Scripts for the comparison with the reference model: made from a seed, made shorter when they fail, written down. */
import type { JsonValue } from '../../../core/json.ts';
import { seededEntropy } from '../../entropy.ts';

export const CONNECTIONS = 3;
/** Directory keys of a script: few, so that many commits share one. */
export const KEYS = 4;

/** `share` is a share of the log's size, so that a shortened script still points into it; `off` goes beside it. */
type Place = { readonly share: number; readonly off: number };

export type Act =
  | {
      readonly kind: 'append';
      readonly events: readonly number[];
      readonly filler: number;
      readonly marks: Readonly<Record<string, JsonValue>>;
    }
  | ({ readonly kind: 'stale'; readonly empty: boolean } & Place)
  | ({ readonly kind: 'read'; readonly bytesMax: number } & Place)
  | ({ readonly kind: 'readAt' } & Place)
  | { readonly kind: 'marks'; readonly marks: Readonly<Record<string, JsonValue>> }
  | { readonly kind: 'finding'; readonly identity: string; readonly evidence: readonly number[] }
  | { readonly kind: 'snapshot'; readonly bytes: readonly number[] }
  | { readonly kind: 'pack'; readonly bytesMax: number }
  | { readonly kind: 'find'; readonly key: number }
  | { readonly kind: 'identity' | 'successor' | 'size' | 'reopen' };

export type Step = { readonly connection: number; readonly act: Act };

const VALUES: readonly JsonValue[] = [
  null,
  true,
  17,
  -1.5,
  '',
  'é\u{1f600}',
  [],
  {},
  [1, [null, { a: false }]],
  { deep: { x: [1, 2], '': 'y' } },
];

/** What happens in a script, by weight. */
const KINDS = [
  ...Array.from({ length: 8 }, () => 'append' as const),
  ...(['stale', 'stale', 'stale', 'read', 'read', 'read', 'readAt', 'readAt', 'marks', 'finding', 'snapshot'] as const),
  ...(['pack', 'pack', 'pack', 'find', 'find', 'identity', 'successor', 'size', 'reopen'] as const),
];

export const makeScript = (seed: number): readonly Step[] => {
  const { below } = seededEntropy(seed);
  const oneOf = <T>(values: readonly [T, ...T[]]): T => values[below(values.length)] ?? values[0];
  const list = <T>(lengthMax: number, make: () => T) => Array.from({ length: below(lengthMax + 1) }, make);
  const place = (): Place => ({ share: below(1_001) / 1_000, off: below(6) - 2 });
  const bytes = () => list(40, () => below(256));
  const marks = () =>
    Object.fromEntries(list(2, () => [oneOf(['cursor', 'receipt', 'a']), VALUES[below(VALUES.length)] ?? null]));
  const act = (): Act => {
    const kind = KINDS[below(KINDS.length)] ?? 'size';
    switch (kind) {
      case 'append':
        return {
          kind,
          events: list(5, () => 1 + below(4)),
          filler: oneOf([0, 30, 5_000, 12_000]),
          marks: marks(),
        };
      case 'stale':
        return { kind, empty: below(2) === 0, ...place() };
      case 'read':
        return { kind, bytesMax: oneOf([0, 1, 900, 70_000, 1e9]), ...place() };
      case 'readAt':
        return { kind, ...place() };
      case 'marks':
        return { kind, marks: marks() };
      case 'finding':
        return { kind, identity: oneOf(['x', 'y', 'z']), evidence: bytes() };
      case 'snapshot':
        return { kind, bytes: bytes() };
      case 'pack':
        return { kind, bytesMax: oneOf([1, 70_000, 1e9]) };
      case 'find':
        return { kind, key: below(KEYS + 1) };
      default:
        return { kind };
    }
  };
  return Array.from({ length: 5 + below(36) }, () => ({ connection: below(CONNECTIONS), act: act() }));
};

const ATTEMPTS_MAX = 150;

/** Takes steps away, large pieces first, as long as the script still fails. */
export const shorten = async (
  script: readonly Step[],
  fails: (script: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> => {
  let shortest = script;
  let attempts = 0;
  for (let piece = Math.ceil(script.length / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let from = 0; from < shortest.length && attempts < ATTEMPTS_MAX; attempts++) {
      const without = shortest.toSpliced(from, piece);
      if (await fails(without)) shortest = without;
      else from += piece;
    }
  }
  return shortest;
};

/** A script in words, one step after the other. */
export const written = (script: readonly Step[]): string =>
  script.map(({ connection, act: { kind, ...rest } }) => `${connection}: ${kind} ${JSON.stringify(rest)}`).join('; ');
