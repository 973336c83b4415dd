/** Hints between connections: none of a commit is lost, whoever opens when, and one that is alone tells nobody. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hintsOver } from '../../../src/storage/dexie/hints.ts';
import { fakeBrowser } from '../store/locks.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('one that is alone sends no word of its commits, and tells the first who comes that there were some [TAB-01]', async () => {
  const browser = fakeBrowser();
  const sent: unknown[] = [];
  const line = browser.line('a')('hints');
  const post = line.postMessage;
  line.postMessage = (word) => {
    sent.push(word);
    post(word);
  };
  const alone = hintsOver(line);
  for (let at = 0; at < 5; at++) alone.announce();
  expect(sent).toEqual(['opened']);
  let heard = 0;
  hintsOver(browser.line('b')('hints')).listen(() => heard++);
  await settle();
  expect(heard).toBe(1);
  alone.announce();
  await settle();
  expect(heard).toBe(2);
});

it('after every commit each other connection is told at that commit or later, whenever it opened [TAB-01]', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('open' as const) }),
    fc.record({ kind: fc.constant('commit' as const), by: fc.nat(5) }),
    fc.record({ kind: fc.constant('settle' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const browser = fakeBrowser();
      let commits = 0;
      const tabs: { known: number; readonly hints: ReturnType<typeof hintsOver> }[] = [];
      const open = () => {
        // As a session does: it listens, then reads what is there.
        const tab = { known: 0, hints: hintsOver(browser.line(`t${tabs.length}`)('hints')) };
        tab.hints.listen(() => {
          tab.known = commits;
        });
        tab.known = commits;
        tabs.push(tab);
      };
      open();
      for (const { kind, ...rest } of steps) {
        if (kind === 'open') open();
        else if (kind === 'settle') await settle();
        else {
          commits += 1;
          const by = tabs[('by' in rest ? rest.by : 0) % tabs.length];
          if (by !== undefined) by.known = commits;
          by?.hints.announce();
        }
      }
      await settle();
      await settle();
      expect(tabs.map(({ known }) => known)).toEqual(tabs.map(() => commits));
      for (const { hints } of tabs) hints.close();
    }),
  );
});
