/**
 * Draws the state charts of the shipped aggregates, from their machines: `node scripts/charts.mjs` writes `docs/charts/*.svg`.
 *
 * The layout is a ladder: states stand in one column as their author put them. A transition onwards leaves to the
 * right and comes back from the right further down; one backwards goes along the left. Each has a row of its own beside its
 * state, where its event is written, and a lane of its own: no text lies on another, whatever the machine.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROW = 22;
const BOX = 150;
const GAP = 26;
const LANE = 16;
const LETTER = 6.7;
const MARGIN = 16;
const TOP = 34;

/** `wasAt` with `{ stage: 'draft' }` is `was at draft`. */
const guardText = (guard) => {
  if (guard === undefined) return '';
  const { type, params } = typeof guard === 'string' ? { type: guard } : guard;
  if (typeof type !== 'string') return ' [guarded]'; // a function without a name of its own
  const given = params === undefined || typeof params !== 'object' ? [] : Object.values(params);
  return ` [${[type, ...given].join(' ')}]`;
};

/** The transitions of the innermost states, those of the states around them among them. */
const transitionsOf = (node) => {
  const own = [...node.transitions.values()].flat();
  const above = node.parent === undefined ? [] : transitionsOf(node.parent);
  return [...own, ...above.filter(({ eventType }) => !own.some((each) => each.eventType === eventType))];
};

const leavesOf = (node) => {
  const inner = Object.values(node.states);
  return inner.length === 0 ? [node] : inner.flatMap(leavesOf);
};

const nameOf = (node) => node.path.join('.');

/** States and transitions as plain data; a state that is a target stands for the innermost one where it begins. */
const graphOf = (machine) => {
  const leaves = leavesOf(machine.root);
  const innermost = (node) => (node.type !== 'compound' ? node : innermost(node.initial.target[0]));
  const edges = leaves.flatMap((leaf) =>
    transitionsOf(leaf).map(({ eventType, guard, target }) => ({
      from: nameOf(leaf),
      to: nameOf(target === undefined ? leaf : innermost(target[0])),
      label: `${eventType}${guardText(guard)}`,
    })),
  );
  return { names: leaves.map(nameOf), first: nameOf(innermost(machine.root)), edges };
};

/** The states as their author put them, from the first on. */
const orderOf = ({ names, first }) => [first, ...names.filter((name) => name !== first)];

/** Transitions of the same two states are one line with several labels. */
const joined = (edges, order) => {
  const lines = new Map();
  for (const { from, to, label } of edges) {
    const key = `${from}\n${to}`;
    const line = lines.get(key) ?? { from: order.indexOf(from), to: order.indexOf(to), labels: [] };
    line.labels.push(label);
    lines.set(key, line);
  }
  return [...lines.values()];
};

/** Gives each line of a side its row at either end, and each state its height. */
const placeRows = (order, lines) => {
  let y = TOP;
  const boxes = order.map((name, at) => {
    const selves = lines.filter(({ from, to }) => from === at && to === at).flatMap(({ labels }) => labels);
    const sides = { right: 0, left: 0 };
    const take = (side, rows) => {
      sides[side] += rows;
      return y + sides[side] * ROW - ROW / 2 + 4;
    };
    const byFar = (end) => (a, b) => Math.abs(a[end] - at) - Math.abs(b[end] - at);
    const coming = lines.filter(({ from, to }) => to === at && from !== at);
    const going = lines.filter(({ from, to }) => from === at && to !== at);
    // onwards: what comes stands above what goes; backwards: below it; the nearest in the middle, so that few lines cross
    for (const line of coming
      .filter(({ from }) => from < at)
      .sort(byFar('from'))
      .reverse())
      line.toY = take('right', 1);
    for (const line of going
      .filter(({ to }) => to < at)
      .sort(byFar('to'))
      .reverse())
      line.fromY = take('left', line.labels.length);
    for (const line of going.filter(({ to }) => to > at).sort(byFar('to')))
      line.fromY = take('right', line.labels.length);
    for (const line of coming.filter(({ from }) => from > at).sort(byFar('from'))) line.toY = take('left', 1);
    const height = Math.max(sides.right, sides.left, 1 + selves.length) * ROW + 8;
    const box = { name, selves, y, height };
    y += height + GAP;
    return box;
  });
  return { boxes, height: y - GAP + MARGIN };
};

/** Lanes of one side: the shorter lines nearer to the states, none over another. */
const placeLanes = (lines) => {
  const taken = [];
  const lengthOf = ({ fromY, toY }) => Math.abs(fromY - toY);
  for (const line of [...lines].sort((a, b) => lengthOf(a) - lengthOf(b))) {
    const [top, bottom] = [Math.min(line.fromY, line.toY), Math.max(line.fromY, line.toY)];
    const isFree = (lane) => lane.every(([from, to]) => bottom < from - 4 || to + 4 < top);
    let at = taken.findIndex(isFree);
    if (at < 0) at = taken.push([]) - 1;
    taken[at].push([top, bottom]);
    line.lane = at;
  }
  return taken.length;
};

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const widest = (lines) =>
  Math.ceil(Math.max(0, ...lines.flatMap(({ labels }) => labels.map(({ length }) => length))) * LETTER);

const lineText = (line, { side, edge, laneX }) => {
  const x = laneX + side * line.lane * LANE;
  const labels = line.labels.map((label, at) => {
    const y = line.fromY - 5 - (line.labels.length - 1 - at) * (ROW - 6);
    const anchor = side > 0 ? 'start' : 'end';
    return `<text class="event" x="${edge + side * 8}" y="${y}" text-anchor="${anchor}">${escaped(label)}</text>`;
  });
  const path = `M${edge} ${line.fromY}H${x}V${line.toY}H${edge + side * 2}`;
  return [`<path class="line" d="${path}" marker-end="url(#arrow)"/>`, ...labels].join('\n');
};

const boxText = ({ name, selves, y, height }, { x, box }) => {
  const [middle, first] = [x + box / 2, y + height / 2 - (selves.length * (ROW - 4)) / 2 + 5];
  const texts = selves.map(
    (label, at) => `<text class="self" x="${middle}" y="${first + (at + 1) * (ROW - 4)}">↻ ${escaped(label)}</text>`,
  );
  return [
    `<rect class="state" x="${x}" y="${y}" width="${box}" height="${height}" rx="8"/>`,
    `<text class="name" x="${middle}" y="${first}">${escaped(name)}</text>`,
    ...texts,
  ].join('\n');
};

const STYLE = `text{font-family:system-ui,sans-serif;font-size:12px;fill:#1f2933}.name{font-weight:600;font-size:14px;text-anchor:middle}
.self{text-anchor:middle;fill:#52606d}.event{fill:#243b53}.state{fill:#f0f4f8;stroke:#486581;stroke-width:1.5}
.line{fill:none;stroke:#829ab1;stroke-width:1.3}`;

/** The state chart of a machine as an SVG picture: the same machine gives the same text. */
export const chartOf = (machine, title) => {
  const graph = graphOf(machine);
  const order = orderOf(graph);
  const lines = joined(graph.edges, order);
  const { boxes, height } = placeRows(order, lines);
  const [right, left] = [lines.filter(({ from, to }) => from < to), lines.filter(({ from, to }) => from > to)];
  const [rightLanes, leftLanes] = [placeLanes(right), placeLanes(left)];
  const room = (side, lanes) => (lanes === 0 ? 0 : widest(side) + 24 + lanes * LANE);
  const x = MARGIN + room(left, leftLanes);
  const box = Math.max(BOX, widest(boxes.map(({ selves }) => ({ labels: selves }))) + 36);
  const width = x + box + room(right, rightLanes) + MARGIN;
  const drawn = [
    ...right.map((line) => lineText(line, { side: 1, edge: x + box, laneX: x + box + widest(right) + 24 })),
    ...left.map((line) => lineText(line, { side: -1, edge: x, laneX: x - widest(left) - 24 })),
    ...boxes.map((each) => boxText(each, { x, box })),
  ];
  const middle = x + box / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#829ab1"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
<circle cx="${middle}" cy="8" r="5" fill="#486581"/>
<path class="line" d="M${middle} 8V${TOP - 2}" marker-end="url(#arrow)"/>
${drawn.join('\n')}
</svg>
`;
};

/** Bundles the aggregates, which are TypeScript, and writes a picture of each. */
const writeCharts = async () => {
  const { build } = await import('esbuild');
  const root = fileURLToPath(new URL('..', import.meta.url));
  const bundle = join(root, '.cache', 'charts.mjs');
  const folder = join(root, 'docs', 'charts');
  await build({
    ...{ entryPoints: [join(root, 'src/machines/clinical/index.ts')], outfile: bundle },
    ...{ bundle: true, format: 'esm', platform: 'node', packages: 'external' },
  });
  const found = Object.values(await import(pathToFileURL(bundle).href)).filter((each) => each?.events instanceof Map);
  await rm(bundle);
  await mkdir(folder, { recursive: true });
  for (const { type, snapshotOf, replay } of found) {
    const { machine } = snapshotOf(replay.initial);
    await writeFile(join(folder, `${type}.svg`), chartOf(machine, `States of ${type}`));
  }
};

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) await writeCharts();
