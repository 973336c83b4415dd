/** A store on SQLite through the public entries alone: recorded, closed, opened, verified, exported. */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { openStore, type StoreOptions } from '../../../src/index.ts';
import { fileMarker, keyFromHex, nodeSqlite, sqliteStorage } from '../../../src/sqlite.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { casebook, item, LOCK, Visit } from '../store/trial.ts';
import { bytesIn, KEY_HEX, makeFolder, NAME } from './sqliteWorld.ts';

const openTrial = (folder: string, options: Partial<StoreOptions> = {}) =>
  openStore({
    name: NAME,
    tenant: 'acme-042',
    aggregates: [Visit],
    views: [casebook],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: sqliteStorage({ driver: nodeSqlite({ folder }), key: keyFromHex(KEY_HEX) }),
    ...options,
  });

describe('a store on SQLite', () => {
  it('is there again after closing, under the same replica, verified and exported whole [REC-02]', async () => {
    const folder = makeFolder();
    const store = await openTrial(folder);
    expect(store.durability).toBe('strict');
    const visit = store.aggregate(Visit, 'subject-17');
    expect(await visit.send(item('systolic', 142))).toMatchObject({ kind: 'committed' });
    expect(await visit.send(item('systolic', 124), { reason: 'misread' })).toMatchObject({ kind: 'committed' });
    const many = Array.from({ length: 300 }, (_, at) => ({ id: `subject-${at}`, event: item('weight', 60 + at) }));
    await store.appendAll(Visit, many);
    expect(await visit.send(LOCK)).toMatchObject({ kind: 'committed', durability: 'strict' });
    const [size, replica] = [store.size(), store.replica];
    await store.close();
    expect(bytesIn(folder).includes('systolic')).toBe(false);

    const again = await openTrial(folder);
    expect([again.size(), again.replica]).toEqual([size, replica]);
    expect(again.aggregate(Visit, 'subject-17').state()).toMatchObject({
      value: 'locked',
      context: { items: { systolic: 124 } },
    });
    expect(await again.verify()).toMatchObject({ ok: true, counts: { events: size } });
    expect(await again.aggregate(Visit, 'subject-18').send(item('systolic', 120))).toMatchObject({ kind: 'committed' });
    const bundle = new Uint8Array(await (await again.export()).arrayBuffer());
    expect(await verifyBundle(bundle)).toMatchObject({ ok: true, counts: { events: size + 1 } });
    await again.close();
  });

  it('two stores over one file show each other what they record [REC-03]', async () => {
    const folder = makeFolder();
    const [one, other] = [await openTrial(folder), await openTrial(folder)];
    await Promise.all([
      one.aggregate(Visit, 'a').send(item('systolic', 1)),
      other.aggregate(Visit, 'b').send(item('systolic', 2)),
    ]);
    await expect.poll(() => [one.size(), other.size()]).toEqual([2, 2]);
    expect(one.aggregate(Visit, 'b').state().context).toEqual({ items: { systolic: 2 } });
    expect(other.aggregate(Visit, 'a').state().context).toEqual({ items: { systolic: 1 } });
    await Promise.all([one.close(), other.close()]);
  });

  it('whose file is gone is reported as lost where a marker is kept, and writes on as another replica [REC-10]', async () => {
    const [folder, elsewhere] = [makeFolder(), makeFolder()];
    const path = join(elsewhere, 'known', 'trial');
    const known = fileMarker(path);
    expect(await known.read()).toBeUndefined();
    const store = await openTrial(folder, { known });
    for (let at = 0; at < 3; at++) await store.aggregate(Visit, `subject-${at}`).send(item('weight', at));
    const { replica } = store;
    await store.close();
    expect(readdirSync(dirname(path))).toEqual(['trial']);
    rmSync(folder, { recursive: true });

    const again = await openTrial(folder, { known });
    const { losses } = await firstValueFrom(again.health$);
    expect(losses).toMatchObject([{ replica, reason: 'lost', size: 3 }]);
    expect(again.replica).not.toBe(replica);
    expect(await again.aggregate(Visit, 'subject-9').send(item('weight', 9))).toMatchObject({ kind: 'committed' });
    await again.close();
  });
});
