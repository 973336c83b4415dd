/** The product with one of its checks taken out: a simulated world has to notice. */
import { CLONES, DISHONEST, FLEET, NOISY, REVOKED, TAMPERED, type Weights } from '../../src/testing/world/notation.ts';
import type { Mutant } from '../support/mutants.ts';

/** Where the world is bundled from. */
export const WORLD = 'src/testing/world/index.ts';

/** Operations of each history. */
export const MUTANT_OPERATIONS = 200;

const WEIGHTS = { CLONES, DISHONEST, FLEET, NOISY, REVOKED, TAMPERED } as const satisfies Record<string, Weights>;

/** `kind`: the histories that find it, with clones if absent; `more`: what they have more often. `within`: how many of them, 1 if absent. */
export type WorldMutant = Mutant & {
  readonly kind?: keyof typeof WEIGHTS;
  readonly more?: Partial<Weights>;
  readonly within?: number;
};

export const weightsOf = ({ kind = 'CLONES', more = {} }: WorldMutant): Weights => ({ ...WEIGHTS[kind], ...more });

const kindText = ({ kind = 'CLONES', more = {} }: WorldMutant): string =>
  [kind, ...Object.entries(more).map(([name, weight]) => `${name} ${weight}`)].join(', ');

/** The mutants as `docs/simulation.md` lists them. */
export const mutantTable = (mutants: readonly WorldMutant[]): string =>
  [
    `| what is broken | in | histories | found within so many of ${MUTANT_OPERATIONS} operations |`,
    '| --- | --- | --- | --- |',
    ...mutants.map((each) => `| ${each.name} | \`${each.file}\` | ${kindText(each)} | ${each.within ?? 1} |`),
    '',
  ].join('\n');

export const MUTANTS: readonly WorldMutant[] = [
  {
    name: 'the comparison of version vectors counts one too many',
    file: 'src/core/versionVector.ts',
    from: 'seen(vector, dot.replica) >= dot.sequence',
    to: 'seen(vector, dot.replica) + 1 >= dot.sequence',
  },
  {
    name: 'commits that are held already are taken again',
    file: 'src/streams/fitting.ts',
    from: 'if (chain.stopped || isHeld(chain, commit)) continue;',
    to: 'if (chain.stopped) continue;',
  },
  {
    name: 'the head is not compared before an append',
    file: 'src/storage/memory.ts',
    from: 'if (expectedSize !== database.size)',
    to: 'if (expectedSize > database.size)',
  },
  {
    name: 'events are folded in the order of their arrival',
    file: 'src/core/foldOrder.ts',
    from: 'nodes.sort((a, b) => a.depth - b.depth || compareDots(a.event, b.event));',
    to: '',
  },
  {
    name: 'a receipt is believed that names more than is held',
    file: 'src/sync/receipts.ts',
    from: "if (sequence > parts.log.head(parts.identity().replica).sequence)\n    return contradict(parts, { note, receipt, reason: 'shorter' }, 'receipt.ahead-of-log');",
    to: "if (sequence > parts.log.head(parts.identity().replica).sequence) return 'taken';",
  },
  {
    name: 'verification takes altered events for those that were signed',
    file: 'src/crypto/checkCommit.ts',
    from: 'const leaves = parts.eventBytes.map((event) => leafHash(context, event));',
    to: 'const { leaves } = parts;',
    kind: 'TAMPERED',
  },
  {
    name: 'verification does not follow chains',
    file: 'src/verify/chains.ts',
    from: 'const fault = checkContinues(chain.head, commit);',
    to: 'const fault: ReturnType<typeof checkContinues> = undefined;',
    kind: 'TAMPERED',
    within: 3,
  },
  {
    name: 'a server that takes back what it confirmed is let be',
    file: 'src/sync/exchange.ts',
    from: 'if (held < parts.mark().acknowledged) await startAgain(parts, held);',
    to: '',
    kind: 'DISHONEST',
  },
  {
    name: 'what touches everything is in conflict with nothing else',
    file: 'src/core/conflict.ts',
    from: 'const touched = keys.includes(EVERYTHING) ? new Set([EVERYTHING, ...heads.keys()]) : keys;',
    to: 'const touched = keys;',
  },
  {
    name: 'a newer version of an event is taken for one that is known',
    file: 'src/core/schema.ts',
    from: "if (schema > definition.version) return { kind: 'newer' };",
    to: '',
    kind: 'FLEET',
  },
  {
    name: 'what an older version of the application kept is not upcast',
    file: 'src/core/schema.ts',
    from: 'definition.upcast[from]?.(current) ?? current',
    to: 'current',
    kind: 'FLEET',
  },
  {
    name: 'a server takes whatever a revoked device sends',
    file: 'src/server/decide.ts',
    from: 'checkAuthor(state, commit) ?? ',
    to: '',
    kind: 'REVOKED',
  },
  {
    name: 'devices point out nothing of revoked ones',
    file: 'src/sync/exchange.ts',
    from: "  if (!(await pointOut(parts, ordered))) return 'no-room';\n",
    to: '',
    kind: 'REVOKED',
    more: { access: 24 },
  },
  {
    name: 'what arrives is taken for what was signed',
    file: 'src/crypto/checkCommit.ts',
    from: 'const leaves = parts.eventBytes.map((event) => leafHash(context, event));',
    to: 'const { leaves } = parts;',
    kind: 'NOISY',
    more: { corrupt: 60 },
  },
  {
    name: 'a damaged greeting is taken for one under another key',
    file: 'src/sync/exchange.ts',
    from: 'const verifier = readNoteVerifier(hello.server); // a damaged one is no other key: its own digest tells',
    to: 'const verifier = { get publicKey() { return readNoteVerifier(hello.server).publicKey; } };',
    kind: 'NOISY',
    within: 6,
  },
  {
    name: 'the check of a server does not look where chains end',
    file: 'src/verify/logCheck.ts',
    from: '      checkHeads(check, endAt);\n',
    to: '',
    kind: 'TAMPERED',
    more: { intrude: 24 },
  },
  {
    name: 'the check of a server does not look at senders',
    file: 'src/verify/rows.ts',
    from: 'replica: row.replica === replica,',
    to: '',
    kind: 'TAMPERED',
    more: { intrude: 24 },
  },
  {
    name: 'the check of a server does not look at the tree',
    file: 'src/verify/rows.ts',
    from: 'tree: isTree }',
    to: '}',
    kind: 'TAMPERED',
    more: { intrude: 24 },
  },
  {
    name: 'a device judges what others send by the order in which it hears of it',
    file: 'src/store/judging.ts',
    from: 'return sequence <= before.placed;',
    to: 'return true;',
    kind: 'REVOKED',
    within: 3,
  },
  {
    name: 'a user who was taken off counts as before',
    file: 'src/machines/clinical/accessRules.ts',
    from: "if (userFrom === null) return 'there';",
    to: "if (userFrom !== '') return 'there';",
    kind: 'REVOKED',
    within: 3,
  },
  {
    name: 'whoever uses a device together with a user who was taken off is kept back with them',
    file: 'src/machines/clinical/accessRules.ts',
    from: 'said >= userFrom && !isShared(context, author)',
    to: 'said >= userFrom',
    kind: 'REVOKED',
    within: 3,
  },
];
