/** Which values wait for faster hashing: it would come to its turn only when the last of many encryptions is done. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { aggregateId, aggregateType, eventId, eventType, streamId, tenantId } from '../../../src/core/ids.ts';
import type { SealedValue } from '../../../src/crypto/fieldCipher.ts';
import { seededEntropy } from '../../../src/testing/entropy.ts';

const MANY = 32;

/** The cipher as a page has it that was just loaded, whose faster hashing is there when it is let. */
const freshPage = async () => {
  let letGo = (): void => undefined;
  const isLet = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let loads = 0;
  vi.resetModules();
  vi.doMock('../../../src/crypto/wasmSha256.ts', async (importOriginal) => {
    const original = await importOriginal<typeof import('../../../src/crypto/wasmSha256.ts')>();
    const makeWasmSha256 = async () => {
      loads += 1;
      await isLet;
      return original.makeWasmSha256();
    };
    return { makeWasmSha256 };
  });
  onTestFinished(() => {
    vi.doUnmock('../../../src/crypto/wasmSha256.ts');
    vi.resetModules();
  });
  const [{ makeDataKey }, { openField, openFieldSealer }, { isSha256Fast }] = await Promise.all([
    import('../../../src/crypto/dataKey.ts'),
    import('../../../src/crypto/fieldCipher.ts'),
    import('../../../src/crypto/sha256.ts'),
  ]);
  const entropy = seededEntropy(1);
  const [key, sealer] = [makeDataKey(entropy), openFieldSealer(entropy)];
  const place = (at: number) => ({
    tenant: tenantId('acme-042'),
    stream: streamId(aggregateType('form'), aggregateId('f-1')),
    event: eventId(`01890000-0000-7000-8000-${at.toString(16).padStart(12, '0')}`),
    type: eventType('Named'),
    path: '/name',
  });
  const seal = (at: number) => sealer.seal(key, place(at), `value ${at}`);
  return {
    ...{ letGo, isSha256Fast, seal },
    loads: () => loads,
    open: (at: number, sealed: SealedValue) => openField(key, place(at), sealed),
  };
};

/** How many are done when nothing goes on any more that does not wait. */
const doneAmong = async (values: readonly Promise<unknown>[]): Promise<number> => {
  let done = 0;
  const count = (): void => {
    done += 1;
  };
  for (const value of values) value.then(count, count);
  for (let before = -1; before !== done; await new Promise((resolve) => setTimeout(resolve, 20))) before = done;
  return done;
};

it('of many values at once those wait for faster hashing that would not have it [FLD-01]', async () => {
  const page = await freshPage();
  const sealing = Array.from({ length: 100 }, (_, at) => page.seal(at));
  expect(await doneAmong(sealing)).toBeLessThan(MANY);
  page.letGo();
  await Promise.all(sealing);
  expect([page.isSha256Fast(), page.loads()]).toEqual([true, 1]);
});

it('a value by itself waits for nothing, and many that are opened at once do [FLD-01]', async () => {
  const page = await freshPage();
  const sealed: SealedValue[] = [];
  for (let at = 0; at < 100; at++) sealed.push(await page.seal(at));
  expect([page.isSha256Fast(), page.loads()]).toEqual([false, 1]);
  const opening = sealed.map((value, at) => page.open(at, value));
  expect(await doneAmong(opening)).toBeLessThan(MANY);
  page.letGo();
  const opened = await Promise.all(opening);
  expect(opened).toMatchObject(sealed.map((_, at) => ({ kind: 'opened', value: `value ${at}` })));
  expect(page.isSha256Fast()).toBe(true);
});
