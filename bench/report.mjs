/** Rows as people read them, and as the document keeps them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const thousands = (value) => (typeof value === 'number' ? value.toLocaleString('en-US') : '');
const verdict = (holds) => (holds === null ? 'info' : holds ? 'holds' : 'FAILS');
const HEAD = ['row', 'figure', 'unit', 'baseline', 'ratio', 'min-max', 'budget', 'verdict'];

const cells = ({ id, figure, unit, baseline, ratio, min, max, budget, holds }) => [
  id,
  figure === null ? 'not built' : thousands(figure),
  unit,
  thousands(baseline),
  thousands(ratio),
  min === null ? '' : `${thousands(min)}-${thousands(max)}`,
  budget,
  verdict(holds),
];

/** Lines of cells as text, each column as wide as its longest cell. */
export const aligned = (lines) => {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
};

/** The table for a terminal, and below it what each row is about. */
export const tableOf = (rows) => {
  const table = aligned([HEAD, ...rows.map(cells)]);
  const notes = rows.map(({ id, what, against, n, rounds }) =>
    [`${id}: ${what}`, against ? `  against ${against}` : '', `  n ${thousands(n)}, rounds ${rounds}`]
      .filter((line) => line !== '')
      .join('\n'),
  );
  return [...table, '', ...notes].join('\n');
};

const markdownTable = (rows) =>
  [HEAD, HEAD.map(() => '---'), ...rows.map(cells)].map((line) => `| ${line.join(' | ')} |`).join('\n');

const markdownNotes = (rows) =>
  rows
    .map(
      ({ id, what, against, n, rounds }) =>
        `- **${id}**: ${what}${against ? `. Against: ${against}` : ''}. n ${thousands(n)}, rounds ${rounds}.`,
    )
    .join('\n');

/** The machine, as far as it matters to a reader. */
export const machineName = () =>
  `${cpus().length} cores ${cpus()[0]?.model.trim() ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, ` +
  `Node ${process.versions.node}`;
export const machineOf = (browserVersion) => `${machineName()}, Chromium ${browserVersion} headless`;

/** Replaces what stands between the marks of a section in the document. @throws Error if the document has no place for it */
export const writeSection = (path, { begin, end }, lines) => {
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for the table`);
  writeFileSync(path, text.slice(0, from) + [begin, '', ...lines, ''].join('\n') + text.slice(to));
};

const TABLE = {
  begin: '<!-- table: written by npm run bench -- --write-docs -->',
  end: '<!-- end of table -->',
};

export const writeDocument = (path, rows, machine) =>
  writeSection(path, TABLE, [`Run on ${machine}.`, '', markdownTable(rows), '', markdownNotes(rows)]);
