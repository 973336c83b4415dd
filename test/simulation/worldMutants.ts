/** The product with one of its checks taken out: a simulated world has to notice. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type * as Simulated from '../../src/testing/world/index.ts';
import { DISHONEST, FLEET, REVOKED, TAMPERED, type Weights } from '../../src/testing/world/notation.ts';

export type Mutant = {
  readonly name: string;
  readonly file: string;
  /** What stands in the file, once, and what stands there instead. */
  readonly from: string;
  readonly to: string;
  /** The histories that are to find it; with clones if absent. */
  readonly weights?: Weights;
};

export const MUTANTS: readonly Mutant[] = [
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
  {
    name: 'devices point nothing out that comes of revoked devices',
    file: 'src/sync/exchange.ts',
    from: 'await pointOut(parts, fitting);',
    to: '',
    weights: REVOKED,
  },
];

const ROOT = new URL('../../', import.meta.url);

/** Bundles the world over the changed product, and loads it. */
export const withMutant = async <T>(mutant: Mutant, work: (world: typeof Simulated) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-mutant-'));
  const wanted = new URL(mutant.file, ROOT).pathname;
  try {
    const { outputFiles } = await build({
      ...{ absWorkingDir: ROOT.pathname, entryPoints: ['src/testing/world/index.ts'], bundle: true, write: false },
      ...{ format: 'esm', platform: 'node', logLevel: 'error' },
      plugins: [
        {
          name: 'mutant',
          setup: ({ onLoad }) => {
            onLoad({ filter: /\.ts$/ }, async ({ path }) => {
              if (path !== wanted) return undefined;
              const parts = (await readFile(path, 'utf8')).split(mutant.from);
              if (parts.length !== 2) throw new Error(`${mutant.file} does not hold once what the mutant changes`);
              return { contents: parts.join(mutant.to), loader: 'ts' };
            });
          },
        },
      ],
    });
    const bundle = join(folder, 'world.mjs');
    await writeFile(bundle, outputFiles[0]?.text ?? '');
    return await work(await import(/* @vite-ignore */ pathToFileURL(bundle).href));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
