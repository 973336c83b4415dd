/**
 * The order in which the events of a stream are folded: causal depth, then replica, then sequence.
 *
 * Invariant: it depends on the set of events alone, whatever their authors claim. Law: `fold.laws` (every event comes after
 * everything that its author had seen; hostile bases end in one order).
 */
import type { RecordedEvent } from './commit.ts';
import type { JsonObject } from './json.ts';
import type { Dot } from './position.ts';
import { includesDot, seen } from './versionVector.ts';

/** An event with its payload at the newest version. */
export type OpenedEvent = RecordedEvent & { readonly payload: JsonObject };

export const dotOf = (event: RecordedEvent): Dot => ({ replica: event.context.replica, sequence: event.body.sequence });

/** True if the author of `later` had seen `earlier`. A replica has always seen its own events. */
export const hasSeen = (later: RecordedEvent, earlier: RecordedEvent): boolean =>
  later.context.replica === earlier.context.replica
    ? later.body.sequence > earlier.body.sequence
    : includesDot(later.body.basis, dotOf(earlier));

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareDots = (a: RecordedEvent, b: RecordedEvent): number =>
  compareText(a.context.replica, b.context.replica) || a.body.sequence - b.body.sequence;

/** An event on its replica's line. `depth`: 0 while unknown, -1 while its causes are looked at. */
export type Node = { readonly event: OpenedEvent; readonly at: number; depth: number };
type Lines = ReadonlyMap<string, readonly Node[]>;

/** One node for each dot, by replica, in the order of sequences. */
const linesOf = (events: readonly OpenedEvent[]): Lines => {
  const lines = new Map<string, Node[]>();
  let last: OpenedEvent | undefined;
  for (const event of [...events].sort(compareDots)) {
    if (last !== undefined && compareDots(last, event) === 0) continue;
    const line = lines.get(event.context.replica) ?? [];
    if (line.length === 0) lines.set(event.context.replica, line);
    line.push({ event, at: line.length, depth: 0 });
    last = event;
  }
  return lines;
};

/** The last node of a line up to `sequence`. */
const lastUpTo = (line: readonly Node[], sequence: number): Node | undefined => {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line[middle]?.event.body.sequence ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return line[low - 1];
};

/** What the author had seen last of each replica, own events included. */
const causesOf = ({ event, at }: Node, lines: Lines): readonly Node[] => {
  const { replica } = event.context;
  const causes: Node[] = [];
  const before = lines.get(replica)?.[at - 1];
  if (before !== undefined) causes.push(before);
  for (const other of Object.keys(event.body.basis).sort()) {
    const cause = other === replica ? undefined : lastUpTo(lines.get(other) ?? [], seen(event.body.basis, other));
    if (cause !== undefined) causes.push(cause);
  }
  return causes;
};

/** Finds the depth of `start` and of everything it rests on; true if it rests on itself. */
const findDepth = (start: Node, lines: Lines): boolean => {
  let cyclic = false;
  const path = [start];
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    const causes = node.depth > 0 ? [] : causesOf(node, lines);
    if (node.depth === 0) {
      node.depth = -1;
      cyclic ||= causes.some(({ depth }) => depth < 0);
      path.push(...causes.filter(({ depth }) => depth === 0));
      continue;
    }
    path.pop();
    if (node.depth < 0) node.depth = 1 + causes.reduce((deepest, { depth }) => Math.max(deepest, depth), 0);
  }
  return cyclic;
};

/**
 * The events in fold order, each dot once: by causal depth, then replica, then sequence. Whatever is claimed, the order
 * depends on the set alone; `cyclic` says that authors claim to have seen each other's events, so that causes cannot
 * all come first.
 */
export const orderOf = (
  events: readonly OpenedEvent[],
): { readonly nodes: readonly Node[]; readonly cyclic: boolean } => {
  const lines = linesOf(events);
  const nodes = [...lines.values()].flat();
  let cyclic = false;
  for (const node of nodes) cyclic = findDepth(node, lines) || cyclic;
  nodes.sort((a, b) => a.depth - b.depth || compareDots(a.event, b.event));
  return { nodes, cyclic };
};

/** The events in fold order, each once. */
export const inFoldOrder = (events: readonly OpenedEvent[]): readonly OpenedEvent[] =>
  orderOf(events).nodes.map(({ event }) => event);
