/** The product with one of its checks taken out: a simulated world has to notice. */
import { DISHONEST, FLEET, REVOKED, TAMPERED, type Weights } from '../../src/testing/world/notation.ts';
import type { Mutant } from '../support/mutants.ts';

/** Where the world is bundled from. */
export const WORLD = 'src/testing/world/index.ts';

/** `weights`: the histories that are to find it; with clones if absent. */
export type WorldMutant = Mutant & { readonly weights?: Weights };

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
    weights: TAMPERED,
  },
  {
    name: 'verification does not follow chains',
    file: 'src/verify/chains.ts',
    from: 'const fault = checkContinues(chain.head, commit);',
    to: 'const fault: ReturnType<typeof checkContinues> = undefined;',
    weights: TAMPERED,
  },
  {
    name: 'a server that takes back what it confirmed is let be',
    file: 'src/sync/exchange.ts',
    from: 'if (held < parts.mark().acknowledged) await startAgain(parts, held);',
    to: '',
    weights: DISHONEST,
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
    weights: FLEET,
  },
  {
    name: 'what an older version of the application kept is not upcast',
    file: 'src/core/schema.ts',
    from: 'definition.upcast[from]?.(current) ?? current',
    to: 'current',
    weights: FLEET,
  },
  {
    name: 'a server takes whatever a revoked device sends',
    file: 'src/server/decide.ts',
    from: 'checkAuthor(state, commit) ?? ',
    to: '',
    weights: REVOKED,
  },
];
