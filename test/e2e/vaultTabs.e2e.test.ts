/** Real tabs of one vault in Chromium: what locks one locks all, and a user in one is there in all. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startWorld, type Tab, type World } from './tabs/world.ts';

const OPEN = 'open false 0';
const LOCKED = 'key.locked true 1';
const LONG_MS = 600_000;

let world: World | undefined;
let opened: Tab[] = [];
beforeAll(async () => {
  world = await startWorld();
});
afterEach(async () => {
  for (const { page } of opened) await page.close();
  opened = [];
});
afterAll(() => world?.stop());

let vaults = 0;

/** Three tabs, unlocked by one user. */
const openTabs = async (
  idleMs: number,
): Promise<{ readonly name: string; readonly tabs: readonly [Tab, Tab, Tab] }> => {
  const name = `vault-${++vaults}`;
  const made: Tab[] = [];
  for (let at = 0; at < 3; at++) {
    const tab = await world?.openTab();
    if (tab === undefined) throw new Error('a tab');
    opened.push(tab);
    made.push(tab);
    await (at === 0 ? tab.call('makeVault', { name, idleMs }) : tab.call('unlockVault', { name, idleMs, user: 'ada' }));
  }
  const [first, second, third] = made;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three tabs');
  return { name, tabs: [first, second, third] };
};
const statesOf = (tabs: readonly Tab[]): Promise<readonly string[]> =>
  Promise.all(tabs.map((tab) => tab.call('vaultState')));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('locking in one tab locks every tab of the vault, and no other vault [KEY-25]', async () => {
  const { tabs } = await openTabs(LONG_MS);
  const other = await openTabs(LONG_MS);
  expect(await statesOf(tabs)).toEqual([OPEN, OPEN, OPEN]);
  await tabs[1].call('lockVault');
  await expect.poll(() => statesOf(tabs)).toEqual([LOCKED, LOCKED, LOCKED]);
  expect(await statesOf(other.tabs)).toEqual([OPEN, OPEN, OPEN]);
});

it('another user who unlocks in one tab locks the others, and the same user does not [KEY-25]', async () => {
  const { name, tabs } = await openTabs(LONG_MS);
  await tabs[2].call('lockVault');
  await expect.poll(() => statesOf(tabs)).toEqual([LOCKED, LOCKED, LOCKED]);
  for (const tab of tabs.slice(0, 2)) await tab.call('unlockVault', { name, idleMs: LONG_MS, user: 'ada' });
  expect(await statesOf(tabs.slice(0, 2))).toEqual([OPEN, OPEN]);
  await tabs[2].call('unlockVault', { name, idleMs: LONG_MS, user: 'bea' });
  await expect.poll(() => statesOf(tabs)).toEqual([LOCKED, LOCKED, OPEN]);
});

it('a user who is there in one tab is there in all of them, and gone from all when idle [KEY-25]', async () => {
  const { tabs } = await openTabs(6_000);
  for (let times = 0; times < 9; times++) {
    await wait(1_000);
    await tabs[0].call('touchVault');
  }
  expect(await statesOf(tabs)).toEqual([OPEN, OPEN, OPEN]);
  await expect.poll(() => statesOf(tabs), { timeout: 12_000 }).toEqual([LOCKED, LOCKED, LOCKED]);
});
