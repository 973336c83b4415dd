/** Which commits from elsewhere fit: what is held is known by its link, however far behind the head. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Commit, headAfter } from '../../../src/core/commit.ts';
import { tenantId } from '../../../src/core/ids.ts';
import { size } from '../../../src/core/position.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { memoryStorage } from '../../../src/index.ts';
import { fittingCommits } from '../../../src/streams/fitting.ts';
import { heldChains } from '../../../src/streams/held.ts';
import { FROM_THE_BEGINNING, openLog } from '../../../src/streams/log.ts';
import { commitAfter, KEY_A, KEY_B } from '../../unit/support.ts';

const TENANT = tenantId('acme-042');

type Key = typeof KEY_A;
/** A chain of commits of the given lengths. */
const chainOf = async (key: Key, lengths: readonly number[], from?: Commit, branch = 0): Promise<readonly Commit[]> => {
  const commits: Commit[] = [];
  let head = from === undefined ? emptyHead(replicaIdOf(key.publicKey), TENANT) : headAfter(from);
  for (const length of lengths) {
    const commit = await commitAfter(key, head, length, { context: { tenant: TENANT }, branch });
    commits.push(commit);
    head = headAfter(commit);
  }
  return commits;
};

const logOf = async (commits: readonly Commit[]) => {
  const storage = await memoryStorage().open('log');
  for (const commit of commits)
    await storage.append({
      expectedSize: await storage.size(),
      commits: [{ bytes: commit.bytes, events: commit.events.length }],
      marks: {},
    });
  return { held: heldChains(storage), log: await openLog(storage, TENANT, FROM_THE_BEGINNING, () => undefined) };
};

const lengths = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 });

it('taking in again what is held, in any pieces and any order of replicas, changes nothing [REC-06]', () =>
  fc.assert(
    fc.asyncProperty(lengths, lengths, fc.array(fc.nat(), { maxLength: 8 }), async (ofA, ofB, picks) => {
      const [a, b] = [await chainOf(KEY_A, ofA), await chainOf(KEY_B, ofB)];
      const all = [...a, ...b];
      const { held, log } = await logOf(all);
      for (const some of [all, ...picks.map((pick) => all.slice(pick % all.length))])
        expect(await fittingCommits(log, held, some)).toEqual({ fitting: [], faults: [] });
      const [more] = await chainOf(KEY_A, [2], a.at(-1));
      for (const some of more === undefined
        ? []
        : [
            [...all, more, more],
            [more, ...all],
          ]) {
        const fits = await fittingCommits(log, held, some);
        expect([fits.fitting, fits.faults]).toEqual([[more], []]);
      }
    }),
    { numRuns: 25 },
  ));

it('another commit in the place of a held one is a fork, wherever it stands, and nothing after it is taken [REC-06]', () =>
  fc.assert(
    fc.asyncProperty(lengths, fc.nat(), lengths, async (ofA, where, otherwise) => {
      const a = await chainOf(KEY_A, ofA);
      const at = where % a.length;
      const branch = await chainOf(KEY_A, otherwise, at === 0 ? undefined : a[at - 1], 1);
      const { held, log } = await logOf(a);
      const { fitting, faults } = await fittingCommits(log, held, [...a.slice(0, at), ...branch]);
      expect(fitting).toEqual([]);
      const first = branch[0]?.first;
      expect(faults.map(({ fault }) => [fault.code, fault.sequence])).toEqual([['chain.fork', first]]);
      expect(size(log.size())).toBe(a.reduce((total, { events }) => total + events.length, 0));
    }),
    { numRuns: 40 },
  ));
