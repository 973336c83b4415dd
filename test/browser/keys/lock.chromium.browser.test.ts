/** After locking, no key can be reached from anything that the page still holds: asked of Chromium's own garbage collector. */
import { expect, it } from 'vitest';
import { cdp } from 'vitest/browser';
import { type KeySession, openVault } from '../../../src/keys.ts';

type Protocol = { readonly send: (method: string) => Promise<unknown> };

const collect = async (): Promise<void> => {
  const protocol = cdp() as unknown as Protocol;
  await protocol.send('HeapProfiler.collectGarbage');
  await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Weak references to what is secret in a session, with nothing of it left on the stack. */
const secretsOf = async (session: KeySession) => {
  const dataKey = await session.source.sealing({ kind: 'subject', name: 'subject-17' });
  return { database: new WeakRef(session.databaseKey), data: new WeakRef(dataKey) };
};

const reachable = (refs: Readonly<Record<string, WeakRef<object>>>): readonly string[] =>
  Object.keys(refs).filter((name) => refs[name]?.deref() !== undefined);

it('leaves no key within reach of the session, the vault or who listens, once it is locked [KEY-09]', async () => {
  const vault = openVault({ name: `lock-${crypto.randomUUID()}`, idleMinutes: 10 });
  const session = await vault.create({ user: 'ada', passphrase: 'correct horse battery' });
  await session.makeWrappingKey('study');
  const refs = await secretsOf(session);
  let heard = 0;
  session.onLock(() => {
    heard += 1;
  });
  for (let times = 0; times < 3; times++) await collect();
  expect(reachable(refs)).toEqual(['database', 'data']); // they would be found if they were kept
  await session.lock();
  for (let times = 0; times < 20 && reachable(refs).length > 0; times++) await collect();
  expect(reachable(refs)).toEqual([]);
  expect([session.isLocked(), heard, await vault.exists()]).toEqual([true, 1, true]);
});
