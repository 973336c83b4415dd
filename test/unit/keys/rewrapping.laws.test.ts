/** Re-wrapping after a rotation: what lies where afterwards, and that it may be cut off anywhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, type KeyId } from '../../../src/core/ids.ts';
import type { KeyCarrier } from '../../../src/crypto/keyRows.ts';
import type { KeySession } from '../../../src/keys/session.ts';
import { type KeySheetStorage, memorySheets } from '../../../src/keys/sheet.ts';
import { simulatedNetwork, simulatedServer } from '../../../src/testing/index.ts';
import { codeOfAsync } from '../support.ts';
import { ADA, world } from './world.ts';

const SIGNAL = new AbortController().signal;
const scopeOf = (at: number) => ({ kind: 'subject', name: `subject-${at}` }) as const;
const PLACE = { event: eventId('019500a0-0000-7000-8000-000000000001'), path: '/name' };

const study = async (sheet: KeySheetStorage = memorySheets().handle()) => {
  const made = world({ sheet });
  const ada = await made.vault.create(ADA);
  const older = await ada.makeWrappingKey('study');
  return { ...made, ada, sheet, older };
};
const leafOf = async ({ source }: KeySession, id: KeyId): Promise<string> => {
  const key = await source.opening(id);
  return typeof key === 'string' ? key : (key.leaf(PLACE)?.join() ?? 'gone');
};
const makeKeys = async ({ source }: KeySession, count: number): Promise<readonly KeyId[]> => {
  const ids: KeyId[] = [];
  for (let at = 0; at < count; at++) ids.push((await source.sealing(scopeOf(at))).id);
  return ids;
};

describe('re-wrapping', () => {
  it('puts every data key under the newest wrapping key of its name, and changes nothing of it [KEY-26]', async () => {
    const { ada, sheet, older, vault } = await study();
    const ids = await makeKeys(ada, 5);
    const before = await Promise.all(ids.map((id) => leafOf(ada, id)));
    await ada.source.shred(scopeOf(4));
    const other = await ada.makeWrappingKey('unblinding');
    await ada.source.sealing({ kind: 'group', name: 'unblinding' });
    expect(await ada.rewrap()).toEqual({ done: 0, left: 0 });
    const newest = await ada.makeWrappingKey('study');
    const seen: string[] = [];
    expect(await ada.rewrap({ onProgress: ({ done, total }) => void seen.push(`${done}/${total}`) })).toEqual({
      ...{ done: 4, left: 0 },
    });
    expect(seen).toEqual(['0/4', '1/4', '2/4', '3/4', '4/4']);
    expect([await sheet.under(older), (await sheet.under(newest)).length]).toEqual([[], 4]);
    expect((await sheet.under(other)).length).toBe(1);
    await ada.lock();
    const again = await vault.unlock(ADA);
    const after = await Promise.all(ids.map((id) => leafOf(again, id)));
    expect(after).toEqual([...before.slice(0, 4), 'shredded']);
    expect(await codeOfAsync(() => again.source.sealing(scopeOf(4)))).toBe('key.shredded');
    expect(await again.source.shred(scopeOf(0))).toEqual([ids[0]]);
  });

  it('goes on where it was ended or killed, while others puncture and destroy [KEY-26]', async () => {
    const step = fc.record({ kind: fc.constantFrom('puncture', 'shred', 'end', 'kill'), at: fc.nat({ max: 7 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
        const sheets = memorySheets();
        const { ada, storage, older } = await study(sheets.handle());
        const ids = await makeKeys(ada, 8);
        const expected = new Map(await Promise.all(ids.map(async (id) => [id, await leafOf(ada, id)] as const)));
        await ada.makeWrappingKey('study');
        const tab = await world({ storage, sheet: sheets.handle() }).vault.unlock(ADA);
        for (const { kind, at } of steps) {
          const id = ids[at];
          if (id === undefined) continue;
          const ended = new AbortController();
          const onProgress = ({ done }: { readonly done: number }) => {
            if (done < 2) return;
            ended.abort();
            if (kind === 'kill') throw new Error('killed');
          };
          const work = ada.rewrap({ signal: ended.signal, onProgress }).catch(() => undefined);
          if (kind === 'puncture' && (await tab.source.puncture(id, [PLACE]))) expected.set(id, 'gone');
          if (kind === 'shred' && (await tab.source.shred(scopeOf(at))).length > 0) expected.set(id, 'shredded');
          await work;
        }
        await ada.rewrap();
        expect(await sheets.handle().under(older)).toEqual([]);
        for (const session of [ada, tab])
          for (const id of ids) expect(await leafOf(session, id)).toBe(expected.get(id));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves nothing on the server that a revoked user’s wrapping key opens, and reaches those who stay [KEY-26]', async () => {
    const server = await simulatedServer({ tenant: 'acme-042' });
    const carrier: KeyCarrier | undefined = simulatedNetwork(server).keys;
    if (carrier === undefined) throw new Error('carries keys');
    const [ada, bea, cy] = [await study(), await study(), await study()];
    for (const { ada: session } of [bea, cy])
      await session.accept(await ada.ada.grant('study', await session.holder()));
    const ids = await makeKeys(ada.ada, 6);
    const leaves = await Promise.all(ids.map((id) => leafOf(ada.ada, id)));
    const syncAll = async () => {
      for (const { ada: session } of [ada, bea, cy, ada, bea, cy]) await session.sheet.exchange(carrier, SIGNAL);
    };
    await syncAll();
    await ada.ada.makeWrappingKey('study');
    await bea.ada.accept(await ada.ada.grant('study', await bea.ada.holder()));
    await ada.ada.source.puncture(ids[0] ?? (await ada.ada.source.sealing(scopeOf(0))).id, [PLACE]);
    expect((await ada.ada.rewrap()).left).toBe(0);
    await syncAll();
    const rows = (await carrier.fetch('', SIGNAL)).rows.filter(({ id }) => ids.includes(id));
    expect(rows.length).toBe(6);
    expect(rows.filter(({ under }) => under === ada.older)).toEqual([]);
    expect(await Promise.all(ids.map((id) => leafOf(bea.ada, id)))).toEqual(['gone', ...leaves.slice(1)]);
    expect(await bea.sheet.under(ada.older)).toEqual([]);
    // the revoked device follows the server, and is left with nothing that opens
    expect(await Promise.all(ids.map((id) => leafOf(cy.ada, id)))).toEqual(ids.map(() => 'not-held'));
  });
});
