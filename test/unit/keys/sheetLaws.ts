/** The laws of a place for the key sheet: every adapter holds them. `open` gives one more handle on one and the same place. */
import { expect, it } from 'vitest';
import { keyId } from '../../../src/core/ids.ts';
import type { KeySheetStorage, SheetRow, StoredRow } from '../../../src/keys/sheet.ts';

const id = (name: string) => keyId(name.padEnd(43, 'A'));
const row = (name: string, change: Partial<SheetRow> = {}): SheetRow => ({
  ...{ id: id(name), scope: `scope of ${name}`, under: id('wrapping'), version: 0, wrap: Uint8Array.of(1, 2, 3) },
  ...change,
});

const made = (name: string, change: Partial<StoredRow> = {}): StoredRow => ({
  ...{ ...row(name), revision: 0, isUnsent: true },
  ...change,
});

export const sheetLaws = (place: () => Promise<() => KeySheetStorage>): void => {
  it('gives a row by its key and by its scope, through every handle [KEY-16]', async () => {
    const open = await place();
    expect(await open().add(row('a'))).toBe(true);
    for (const sheet of [open(), open()]) {
      expect(await sheet.byId(id('a'))).toEqual(made('a'));
      expect(await sheet.byScope('scope of a')).toEqual([made('a')]);
      expect([await sheet.byId(id('b')), await sheet.byScope('scope of b')]).toEqual([undefined, []]);
    }
  });

  it('takes one row for each key and scope, however many tabs bring one at once [KEY-16]', async () => {
    const open = await place();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const added = await Promise.all(names.map((name) => open().add(row(name, { scope: 'one' }))));
    expect(added.filter((each) => each).length).toBe(1);
    const [stored] = await open().byScope('one');
    expect(await open().add(row('f', { id: stored?.id ?? id('f') }))).toBe(false);
    expect(await open().byScope('scope of f')).toEqual([]);
  });

  it('changes a row from the version before only, and never its scope [KEY-16]', async () => {
    const open = await place();
    const sheet = open();
    await sheet.add(row('a'));
    const next = row('a', { version: 1, wrap: Uint8Array.of(9) });
    expect(await sheet.replace(row('b', { version: 1 }))).toBe(false);
    expect(await sheet.replace({ ...next, version: 2 })).toBe(false);
    expect(await sheet.replace({ ...next, scope: 'another' })).toBe(false);
    const tried = await Promise.all([open().replace(next), open().replace({ ...next, wrap: undefined })]);
    expect(tried.filter((each) => each).length).toBe(1);
    expect((await sheet.byId(id('a')))?.version).toBe(1);
  });

  it('never gives a destroyed key’s wrap again, nor takes another in its place [KEY-16]', async () => {
    const open = await place();
    const sheet = open();
    await sheet.add(row('a'));
    expect(await sheet.replace(row('a', { version: 1, wrap: undefined }))).toBe(true);
    expect(await sheet.replace(row('a', { version: 2 }))).toBe(false);
    expect(await sheet.add(row('a'))).toBe(false);
    expect(await sheet.add(row('b', { scope: 'scope of a' }))).toBe(false);
    expect(await open().byId(id('a'))).toEqual(made('a', { version: 1, wrap: undefined }));
    expect(await sheet.receive(made('a', { version: 2 }), 1)).toBe(false);
    expect(await sheet.receive(made('a', { version: 2, wrap: undefined, revision: 4 }), 1)).toBe(true);
  });

  it('takes several rows of one scope from elsewhere, the same first for every device [KEY-24]', async () => {
    const open = await place();
    const sheet = open();
    for (const name of ['c', 'a', 'b']) {
      const row = made(name, { scope: 'one', revision: 3, isUnsent: false });
      expect(await sheet.receive(row, 0)).toBe(false);
      expect(await sheet.receive(row, undefined)).toBe(true);
      expect(await sheet.receive(row, undefined)).toBe(false);
    }
    expect((await open().byScope('one')).map((row) => row.id)).toEqual(['a', 'b', 'c'].map(id));
    expect(await open().unsent()).toEqual([]);
  });

  it('finds what lies under a wrapping key and has its wrap [KEY-26]', async () => {
    const open = await place();
    const sheet = open();
    await sheet.add(row('a'));
    await sheet.add(row('b', { under: id('other') }));
    await sheet.add(row('c'));
    await sheet.replace(row('c', { version: 1, wrap: undefined }));
    expect(await open().under(id('wrapping'))).toEqual([id('a')]);
    await sheet.replace(row('a', { version: 1, under: id('other') }));
    expect(await open().under(id('wrapping'))).toEqual([]);
    expect([...(await open().under(id('other')))].sort()).toEqual([id('a'), id('b')]);
  });

  it('knows what the server does not have, until it was sent as it is [KEY-24]', async () => {
    const open = await place();
    const sheet = open();
    await sheet.add(row('a'));
    await sheet.add(row('b'));
    expect([...(await open().unsent())].sort()).toEqual([id('a'), id('b')]);
    await sheet.replace(row('a', { version: 1 }));
    await sheet.sent(id('a'), { version: 0, revision: 1 });
    await sheet.sent(id('b'), { version: 0, revision: 1 });
    expect(await open().unsent()).toEqual([id('a')]);
    expect(await sheet.byId(id('a'))).toEqual(made('a', { version: 1, revision: 1 }));
    await sheet.sent(id('a'), { version: 1, revision: 2 });
    expect([await open().unsent(), await open().cursor()]).toEqual([[], '']);
    await sheet.setCursor('7');
    expect(await open().cursor()).toBe('7');
    await sheet.startAgain();
    expect([[...(await open().unsent())].sort(), await open().cursor()]).toEqual([[id('a'), id('b')], '']);
  });

  it('tells other handles of changes, and not of what was refused [KEY-16]', async () => {
    const open = await place();
    const [one, other] = [open(), open()];
    let heard = 0;
    const hear = () => {
      heard += 1;
    };
    const stop = other.onForeignChange(hear);
    await one.add(row('a'));
    await expect.poll(() => heard).toBe(1);
    await one.add(row('a'));
    await one.replace(row('a', { version: 1, wrap: undefined }));
    await expect.poll(() => heard).toBe(2);
    stop();
    await one.add(row('b'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(heard).toBe(2);
  });
};
