/** Prints the rows of docs/errors.md from the table of codes: `node scripts/errors.mjs > docs/errors.md`. */
import { readFileSync } from 'node:fs';

const source = readFileSync(new URL('../src/core/errors.ts', import.meta.url), 'utf8');
const rows = [...source.matchAll(/^ {2}'([a-z.-]+)':\s*'([^'\n]*)',$/gm)].map(
  ([, code, text]) => `| \`${code}\` | ${text} |`,
);
process.stdout.write(`# Errors

Every failure is a \`StoreError\` with one of these codes. A code keeps its meaning for ever. Its details hold identifiers, counts,
positions and digests, never a value that a person recorded. Outcomes, such as a conflict or a refusal by the machine, are not
errors: they are returned. The table is made from \`src/core/errors.ts\`; a test holds both equal.

| code | what it means and what to do |
| --- | --- |
${rows.join('\n')}
`);
