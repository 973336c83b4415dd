import { describe, expect, it } from 'vitest';
import { eventId, keyId } from '../../../src/core/ids.ts';
import type { DataKey } from '../../../src/crypto/dataKey.ts';
import type { KeyAbsence } from '../../../src/crypto/keySource.ts';
import type { KeySession } from '../../../src/keys/session.ts';
import {
  type KeySheetStorage,
  memorySheet,
  memorySheets,
  type SheetRow,
  type StoredRow,
} from '../../../src/keys/sheet.ts';
import { at, codeOf, codeOfAsync, flipped, hex } from '../support.ts';
import { sheetLaws } from './sheetLaws.ts';
import { ADA, BEA, world } from './world.ts';

const SUBJECT = { kind: 'subject', name: 'subject-17' } as const;
const OTHER = { kind: 'subject', name: 'subject-18' } as const;
const GROUP = { kind: 'group', name: 'unblinding' } as const;
const PLACE = { event: eventId('019500a0-0000-7000-8000-000000000001'), path: '/name' };
const SIBLING = { ...PLACE, path: '/birth' };

const held = (key: DataKey | KeyAbsence): DataKey => {
  if (typeof key === 'string') throw new Error(key);
  return key;
};

/** Ada and Bea on one device, with the study's wrapping key. */
const shared = async (sheet: KeySheetStorage = memorySheet()) => {
  const made = world({ sheet });
  const ada = await made.vault.create(ADA);
  await ada.makeWrappingKey('study');
  await made.vault.enrol(ada, BEA, { share: ['study'] });
  return { ...made, ada };
};

describe('a key sheet in memory', () => {
  sheetLaws(async () => memorySheets().handle);
});

describe('a key ring', () => {
  it('gives one data key for each scope, the same after a restart and to each user who holds its wrapping key [KEY-17]', async () => {
    const { vault, ada } = await shared();
    const key = await ada.source.sealing(SUBJECT);
    const other = await ada.source.sealing(OTHER);
    expect(key.id).not.toBe(other.id);
    const bytes = hex(key.encode());
    await ada.lock();
    for (const user of [ADA, BEA]) {
      const session = await vault.unlock(user);
      expect((await session.source.sealing(SUBJECT)).id).toBe(key.id);
      expect(hex(held(await session.source.opening(key.id)).encode())).toBe(bytes);
      await session.lock();
    }
  });

  it('makes one key where many ask at once, in two tabs too [KEY-17]', async () => {
    const sheets = memorySheets();
    const { storage, ada } = await shared(sheets.handle());
    const otherTab = await world({ storage, sheet: sheets.handle() }).vault.unlock(BEA);
    const asked = [ada, otherTab, ada, otherTab, ada].map(({ source }) => source.sealing(SUBJECT));
    expect(new Set((await Promise.all(asked)).map(({ id }) => id)).size).toBe(1);
  });

  it('reads the sheet once for a scope, not with every event [KEY-17]', async () => {
    let reads = 0;
    const stored = memorySheet();
    const byScope: KeySheetStorage['byScope'] = (scope) => {
      reads += 1;
      return stored.byScope(scope);
    };
    const { ada } = await shared({ ...stored, byScope });
    const key = await ada.source.sealing(SUBJECT);
    const before = reads;
    for (let events = 0; events < 100; events++) expect(await ada.source.sealing(SUBJECT)).toBe(key);
    expect(reads).toBe(before);
  });

  it('says that a key is not held, and seals nothing under it, where its wrapping key was not granted [KEY-17]', async () => {
    const { vault, ada } = await shared();
    await ada.makeWrappingKey('unblinding');
    const key = await ada.source.sealing(GROUP);
    const bea = await vault.unlock(BEA);
    expect(await bea.source.opening(key.id)).toBe('not-held');
    expect(await codeOfAsync(() => bea.source.sealing(GROUP))).toBe('key.not-held');
    expect(await bea.source.opening(keyId('A'.repeat(43)))).toBe('not-held');
    expect((await bea.wrappingKeys()).map(({ name }) => name)).toEqual(['study']);
  });

  it('shows in its rows neither subject nor group [KEY-17]', async () => {
    const rows: SheetRow[] = [];
    const sheet = memorySheet();
    const { ada } = await shared({ ...sheet, add: async (row) => rows.push(row) > 0 && sheet.add(row) });
    await ada.source.sealing(SUBJECT);
    expect(rows.length).toBe(1);
    const text = rows.map(({ id, scope, under, wrap }) => `${id} ${scope} ${under} ${wrap?.join()}`).join();
    expect(text).not.toContain('subject');
    expect(at(rows, 0).scope).toMatch(/^[0-9a-f]{32}$/);
  });

  it('refuses a wrap that was altered or moved to another row [KEY-17]', async () => {
    const stored = memorySheet();
    let twist = (row: StoredRow): StoredRow => row;
    const { vault, ada } = await shared({
      ...stored,
      byId: async (id) => {
        const row = await stored.byId(id);
        return row && twist(row);
      },
    });
    const [key, other] = [await ada.source.sealing(SUBJECT), await ada.source.sealing(OTHER)];
    const foreign = await stored.byId(other.id);
    const twists: readonly ((row: StoredRow) => StoredRow)[] = [
      (row) => ({ ...row, wrap: flipped(row.wrap ?? new Uint8Array(), 400) }),
      (row) => ({ ...row, wrap: foreign?.wrap }),
      (row) => ({ ...row, wrap: foreign?.wrap, scope: foreign?.scope ?? '' }),
      (row) => ({ ...row, wrap: row.wrap?.slice(0, 30) }),
    ];
    const bea = await vault.unlock(BEA);
    for (const each of twists) {
      twist = each;
      expect(await codeOfAsync(() => bea.source.opening(key.id))).toBe('key.data-malformed');
    }
    twist = (row) => row;
    expect(held(await bea.source.opening(key.id)).id).toBe(key.id);
  });

  it('gives nothing once it is locked, and its keys are overwritten [KEY-09]', async () => {
    const { ada } = await shared();
    const key = await ada.source.sealing(SUBJECT);
    await ada.lock();
    expect(await codeOfAsync(() => ada.source.sealing(SUBJECT))).toBe('key.locked');
    expect(await codeOfAsync(() => ada.source.opening(key.id))).toBe('key.locked');
    expect(await codeOfAsync(() => ada.source.shred(SUBJECT))).toBe('key.locked');
    expect(codeOf(() => key.encode())).toBe('key.locked');
    expect(codeOf(() => key.leaf(PLACE))).toBe('key.locked');
  });
});

describe('destroying', () => {
  const twoTabs = async () => {
    const sheets = memorySheets();
    const first = await shared(sheets.handle());
    const tab = await world({ storage: first.storage, sheet: sheets.handle() }).vault.unlock(BEA);
    return { ...first, tab };
  };
  const changesOf = (session: KeySession) => {
    let changes = 0;
    session.source.onChange(() => {
      changes += 1;
    });
    return () => changes;
  };

  it('a key takes it from every tab and user for good, and no new one is made for its scope [KEY-18]', async () => {
    const { vault, ada, tab } = await twoTabs();
    const [key, other] = [await ada.source.sealing(SUBJECT), await ada.source.sealing(OTHER)];
    const seen = held(await tab.source.opening(key.id));
    const changes = changesOf(tab);
    expect(await ada.source.shred(SUBJECT)).toEqual([key.id]);
    expect(changes()).toBe(1);
    expect(codeOf(() => seen.leaf(PLACE))).toBe('key.locked');
    for (const session of [ada, tab, await vault.unlock(BEA)]) {
      expect(await session.source.opening(key.id)).toBe('shredded');
      expect(await codeOfAsync(() => session.source.sealing(SUBJECT))).toBe('key.shredded');
      expect(held(await session.source.opening(other.id)).id).toBe(other.id);
    }
    expect(await ada.source.shred(SUBJECT)).toEqual([]);
  });

  it('a single value takes its leaf from every tab and user, and leaves all others [KEY-18]', async () => {
    const { vault, ada, tab } = await twoTabs();
    const key = await ada.source.sealing(SUBJECT);
    const sibling = key.leaf(SIBLING)?.join();
    held(await tab.source.opening(key.id));
    expect(await ada.source.puncture(key.id, [PLACE])).toBe(true);
    for (const session of [ada, tab, await vault.unlock(BEA)]) {
      const left = held(await session.source.opening(key.id));
      expect(left.leaf(PLACE)).toBeUndefined();
      expect(left.leaf(SIBLING)?.join()).toBe(sibling);
    }
    expect(await ada.source.puncture(keyId('A'.repeat(43)), [PLACE])).toBe(false);
    await ada.source.shred(SUBJECT);
    expect(await ada.source.puncture(key.id, [SIBLING])).toBe(false);
  });

  it('a key ends its scope for a newer wrapping key too [KEY-18]', async () => {
    const { ada } = await twoTabs();
    await ada.source.sealing(SUBJECT);
    await ada.source.shred(SUBJECT);
    await ada.makeWrappingKey('study');
    expect(await codeOfAsync(() => ada.source.sealing(SUBJECT))).toBe('key.shredded');
    expect((await ada.source.sealing(OTHER)).id).toMatch(/^.{43}$/);
  });

  it('in two tabs at once loses neither [KEY-18]', async () => {
    const { ada, tab } = await twoTabs();
    const key = await ada.source.sealing(SUBJECT);
    const places = Array.from({ length: 6 }, (_, index) => ({ ...PLACE, path: `/field-${index}` }));
    await Promise.all(places.map((place, index) => (index % 2 === 0 ? ada : tab).source.puncture(key.id, [place])));
    const left = held(await ada.source.opening(key.id));
    expect(places.map((place) => left.leaf(place))).toEqual(places.map(() => undefined));
    expect(left.leaf(SIBLING)).toBeDefined();
  });
});

describe('a grant', () => {
  /** A colleague's device: another vault, the same key sheet (as sync will bring it). */
  const devices = async () => {
    const sheets = memorySheets();
    const here = await shared(sheets.handle());
    const cy = await world({ sheet: sheets.handle() }).vault.create({ user: 'cy', passphrase: 'a third passphrase' });
    return { ...here, cy };
  };

  it('brings a wrapping key to another device, and with it the data keys under it [KEY-19]', async () => {
    const { ada, cy } = await devices();
    const key = await ada.source.sealing(SUBJECT);
    expect(await cy.source.opening(key.id)).toBe('not-held');
    let changes = 0;
    cy.source.onChange(() => {
      changes += 1;
    });
    const grants = await ada.grant('study', await cy.holder());
    await cy.accept(JSON.parse(JSON.stringify(grants)));
    expect(changes).toBe(1);
    expect(held(await cy.source.opening(key.id)).id).toBe(key.id);
    expect(await cy.wrappingKeys()).toEqual(await ada.wrappingKeys());
    await cy.accept(grants);
    expect((await cy.wrappingKeys()).length).toBe(1);
  });

  it('is refused by everybody else, and where any part of it was changed [KEY-19]', async () => {
    const { vault, ada, cy } = await devices();
    const grant = at(await ada.grant('study', await cy.holder()), 0);
    const bea = await vault.unlock(BEA);
    expect(await codeOfAsync(() => bea.accept([grant]))).toBe('key.refused');
    const sealed = (bit: number) =>
      btoa(
        String.fromCharCode(
          ...flipped(
            Uint8Array.from(atob(grant.sealed), (c) => c.charCodeAt(0)),
            bit,
          ),
        ),
      );
    const changed = [
      { ...grant, name: 'site' },
      { ...grant, wrapping: keyId('A'.repeat(43)) },
      { ...grant, holder: { ...grant.holder, user: (await ada.holder()).user } },
      { ...grant, sealed: sealed(700) },
      { ...grant, sealed: '' },
    ];
    for (const each of changed) expect(await codeOfAsync(() => cy.accept([each]))).toBe('key.refused');
    expect(await cy.wrappingKeys()).toEqual([]);
    expect(await ada.grant('none', await cy.holder())).toEqual([]);
  });

  it('ended goes forward: under a newer key who stays seals, and who left opens nothing new [KEY-19]', async () => {
    const { ada, cy } = await devices();
    await cy.accept(await ada.grant('study', await cy.holder()));
    const before = await ada.source.sealing(SUBJECT);
    await ada.makeWrappingKey('study');
    const after = await ada.source.sealing(SUBJECT);
    expect(after.id).not.toBe(before.id);
    expect(await cy.source.opening(after.id)).toBe('not-held');
    expect(held(await cy.source.opening(before.id)).id).toBe(before.id);
    expect(held(await ada.source.opening(before.id)).id).toBe(before.id);
    expect((await ada.source.shred(SUBJECT)).length).toBe(2);
  });
});
