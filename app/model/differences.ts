/** What the sides of a conflict say differently, member by member, for records that have no dialog of their own. Pure. */
import type { OpenedEvent } from '../../src/index.ts';

/** Shown of one side; what differs in more members than that is compared where it came from. */
const SHOWN_MAX = 6;
const TEXT_MAX = 120;
/** Hashes and keys say nothing to a person; who it was is told with each side. */
const FOR_MACHINES: readonly string[] = [
  ...['signature', 'statement', 'key', 'enrolled', 'confirmed', 'records', 'event', 'holder'],
  ...['by', 'alone', 'replica'],
];

type Member = readonly [name: string, text: string];

const membersIn = (value: unknown, path: readonly string[]): readonly Member[] => {
  if (typeof value !== 'object' || value === null) return [[path.join(' '), value === null ? 'none' : String(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    FOR_MACHINES.includes(name) ? [] : membersIn(inner, [...path, Array.isArray(value) ? `${Number(name) + 1}` : name]),
  );
};

/** Of each side, by the id of its event, the members that another side has not, or has otherwise. */
export const differencesOf = (heads: readonly OpenedEvent[]): ReadonlyMap<string, readonly Member[]> => {
  const sides = heads.map(({ body, payload }) => ({ id: body.id, members: new Map(membersIn(payload, [])) }));
  return new Map(
    sides.map(({ id, members }) => {
      const differs = ([name, text]: Member) => sides.some((side) => side.members.get(name) !== text);
      const shown = [...members].filter(differs).slice(0, SHOWN_MAX);
      return [id, shown.map(([name, text]): Member => [name, text.slice(0, TEXT_MAX)])];
    }),
  );
};

/** `ErasureApproved` as a person reads it. */
export const spoken = (name: string): string => {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
};
