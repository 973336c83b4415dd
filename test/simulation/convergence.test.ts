/** Devices that edited apart and exchanged everything are equal, whatever the network did meanwhile. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FORGED, HARMLESS, liveTrace, pictureOf, reopened, stopAll, traces, type World } from './world.ts';

const sentBy = ({ sent }: World): number => [...sent.values()].reduce((total, count) => total + count, 0);

/** Every device and the server hold every event that was told to be recorded, once, and show the same. */
const expectEqual = async (world: World, trace: readonly string[]): Promise<void> => {
  const told = trace.join(' ');
  const [first, ...others] = await Promise.all(world.nodes.map(pictureOf));
  expect([first?.size, first?.waiting, world.server.size()], told).toEqual([sentBy(world), 0, sentBy(world)]);
  for (const other of others) expect(other, told).toEqual(first);
  for (const { store, sync } of world.nodes) {
    const report = await store.verify();
    expect([report.ok, sync.status().state, sync.status().lastError], told).toEqual([true, 'live', undefined]);
  }
};

it.each([
  ['both edit one key apart', 'Aa Ba A~ B~'],
  ['both edit different keys apart', 'Aa Bb A~ B~ A~'],
  ['a lock meets an edit', 'Aa A~ B~ A* Ba A~ B~'],
  ['three meet and one settles', 'Aa Ba Ca A~ B~ C~ A~ A! A~'],
  ['two settle apart', 'Aa Ba A~ B~ A~ A! B! A~ B~ A~ A!'],
  ['an answer to a push is lost', 'Aa A~nnd Ab A~'],
  ['a push arrives again after the next', 'Aa A~nnl Ab A~ Ac A~'],
  ['a page is killed after its push', 'Aa A~nnd A| Ab A~'],
  ['a page is killed with events that wait', 'Aa Ab A| Ac A~'],
  ['a pull is cut off', 'Aa A~ Bb B~nt B~'],
])('%s: all end up equal [SYN-09]', async (_, written) => {
  const trace = written.split(' ');
  const world = await liveTrace(trace);
  await expectEqual(world, trace);
  await stopAll(world);
});

it('any edits, partitions, restarts, losses, repetitions and refusals end with all devices equal and no finding [SYN-02, SYN-04, SYN-09]', async () => {
  await fc.assert(
    fc.asyncProperty(traces(HARMLESS), fc.nat(), async (trace, seed) => {
      const world = await liveTrace(trace, seed);
      await expectEqual(world, trace);
      for (const { store } of world.nodes) expect(await store.findings(), trace.join(' ')).toEqual([]);
      await stopAll(world);
    }),
    { numRuns: 60 },
  );
});

it('a message altered on the way is never taken for what was sent, and all still end up equal [SYN-03, SYN-09]', async () => {
  await fc.assert(
    fc.asyncProperty(traces(FORGED), fc.nat(), async (trace, seed) => {
      const world = await liveTrace(trace, seed);
      await expectEqual(world, trace);
      await stopAll(world);
    }),
    { numRuns: 60 },
  );
});

it('a device that is opened again folds from nothing what it had folded event by event: states, conflicts and rows [PRJ-02, PRJ-03]', async () => {
  await fc.assert(
    fc.asyncProperty(traces(['n'], 20), async (trace) => {
      const world = await liveTrace(trace);
      for (const node of [...world.nodes]) {
        const before = await pictureOf(node);
        expect(await pictureOf(await reopened(world, node.name)), trace.join(' ')).toEqual(before);
      }
      await stopAll(world);
    }),
    { numRuns: 40 },
  );
});
