/** Pages of the file that were damaged: what hangs on one is a finding with its place, and all the rest is read. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_TEXT } from '../../../src/core/errors.ts';
import { position } from '../../../src/core/position.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { isUnreadable, pastDamage } from '../../../src/streams/pastDamage.ts';
import { plain, settled } from '../../../src/testing/conformance/engine.ts';
import { fileIn, fill, makeFolder, openIn } from './sqliteWorld.ts';

const PAGE_BYTES = 4_096;
const EVERYTHING = 1_000_000_000;
const COMMITS = 40;

/** Large and small records by turns, so that some pages hold many and some are a part of one. */
const filled = async () => {
  const folder = makeFolder();
  const storage = await openIn(folder);
  await fill(
    storage,
    Array.from({ length: COMMITS }, (_, at) => (at % 4 === 0 ? 12_000 : 200)),
  );
  const records = plain(await storage.read(position(0), EVERYTHING));
  await storage.close();
  return { folder, records, file: readFileSync(fileIn(folder)) };
};

const withBit = (file: Buffer, page: number): Buffer => {
  const altered = Buffer.from(file);
  const at = (page - 1) * PAGE_BYTES + 100;
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
};

/** What is read past the damage, compared with what there was; the events that are missing. */
const missingOf = async (storage: EventStorage, records: ReturnType<typeof plain>): Promise<number> => {
  const past = pastDamage(storage);
  const found = await past.read(position(0), EVERYTHING);
  const read = plain(found.filter(({ commits }) => !commits.every(isUnreadable)));
  expect(records).toEqual(expect.arrayContaining(read));
  const missing = past.damage().reduce((total, { position: at, end }) => total + end - at, 0);
  expect(read.length + missing).toBe(records.length);
  return missing;
};

it('any page of records damaged: what hangs on it is told with its place, kept as a finding, and all the rest is read [RST-10]', async () => {
  const { folder, records, file } = await filled();
  const pages = file.length / PAGE_BYTES;
  const missing: number[] = [];
  const refused: number[] = [];
  for (let page = 1; page <= pages; page++) {
    writeFileSync(fileIn(folder), withBit(file, page));
    const opened = await settled(openIn(folder));
    if ('code' in opened) {
      // The first page is what tells a key from another. A page of the tables themselves: what is there is for a rescue.
      expect(opened.code).toBe(page === 1 ? 'storage.key-wrong' : 'storage.corrupt');
      refused.push(page);
      continue;
    }
    const read = await settled(missingOf(opened.value, records));
    if ('value' in read && read.value > 0) {
      missing.push(read.value);
      const findings = (await opened.value.readFindings()).filter(({ finding }) => finding.code === 'storage.corrupt');
      expect(findings).toHaveLength(1);
    } else if ('code' in read) expect(read.code).toBe('storage.corrupt'); // the page from which all others are found, or the last
    await opened.value.close();
    for (const suffix of ['-wal', '-shm']) expect(() => readFileSync(`${fileIn(folder)}${suffix}`)).toThrow();
  }
  // Ten records of three further pages each, and pages of several small ones.
  expect(missing.filter((events) => events === 1).length).toBeGreaterThanOrEqual(20);
  expect(missing.filter((events) => events > 1).length).toBeGreaterThanOrEqual(1);
  expect(refused).toContain(1);
  for (const code of ['storage.key-wrong', 'storage.corrupt'] as const)
    expect(ERROR_TEXT[code]).toMatch(/damaged|sync/);
});
