/** Erasures as an auditor finds them in an export: the whole course, unlawful destruction, and copies that were kept. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { verify } from '../../../src/cli/verify.ts';
import {
  approveErasure,
  carryOutErasure,
  copyOf,
  Erasure,
  KEEP_TRIAL_RECORD,
  redactValue,
  requestErasure,
} from '../../../src/clinical.ts';
import { utf8 } from '../../../src/crypto/bytes.ts';
import { type Report, type VerifyOptions, verifyBundle } from '../../../src/verify/index.ts';
import { ALLOWED, openSites, patientStream, recordName, type Site } from '../clinical/erasureBed.ts';
import { MARKER, Patient } from '../fields/patients.ts';

const alone = async (): Promise<Site> => {
  const [site] = (await openSites(1, { following: false })).sites;
  if (site === undefined) throw new Error('no site');
  return site;
};

const audited = async (site: Site, options: VerifyOptions = {}): Promise<Report> => {
  const report = await verifyBundle(utf8(await (await site.store().export()).text()), options);
  const { erasures, findings } = await site.store().verify();
  const places = report.findings.map(({ line: _, ...finding }) => finding);
  expect([erasures, findings]).toEqual([report.erasures, places]);
  return report;
};

/** A subject that was erased, a name that was redacted, and a request that was refused. */
const eraseAll = async (site: Site) => {
  const { session } = site;
  const event = await recordName(site, '18');
  await recordName(site, '17');
  await recordName(site, '17/visit-2');
  const asked = [
    await requestErasure(site.store(), ALLOWED, { what: { subject: '17' }, justification: 'Consent withdrawn.' }),
    await redactValue(site.store(), session.source, ALLOWED, {
      ...{ stream: patientStream('18'), event, path: '/name', justification: 'Another person.' },
    }),
  ];
  await requestErasure(site.store(), KEEP_TRIAL_RECORD, { what: { subject: '18' }, justification: 'Asked by letter.' });
  site.actAs('dora', 'dpo');
  for (const outcome of asked) {
    const id = 'id' in outcome ? outcome.id : '';
    await approveErasure(site.store(), ALLOWED, { id, justification: 'In order.' });
    await carryOutErasure(site.store(), session.source, ALLOWED, id);
  }
  return event;
};

it('lists each erasure with who, when, why, what and where, from the export alone [ERA-09]', async () => {
  const site = await alone();
  const event = await eraseAll(site);
  const { ok, erasures } = await audited(site);
  expect(ok).toBe(true);
  const asked = { by: 'nurse-1', role: 'site', at: '2026-01-05T09:00:00.000Z' };
  const { replica } = site.store();
  expect(erasures).toHaveLength(3);
  expect(erasures).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...{ state: 'carriedOut', contested: false, target: { kind: 'subject', subject: '17' }, values: 4 },
        requested: expect.objectContaining({ ...asked, reason: 'Consent withdrawn.' }),
        approved: expect.objectContaining({ by: 'dora', alone: false, reason: 'In order.' }),
        done: [expect.objectContaining({ replica, by: 'dora', keys: [expect.any(String)] })],
      }),
      expect.objectContaining({
        ...{ state: 'carriedOut', values: 1 },
        target: { kind: 'values', places: [expect.objectContaining({ event, path: '/name' })] },
      }),
      expect.objectContaining({
        state: 'refused',
        refused: expect.objectContaining({ ground: 'trial-record' }),
        done: [],
      }),
    ]),
  );
  expect(JSON.stringify(erasures)).not.toContain(MARKER);
});

it('names a destruction that nobody entitled approved, and events that are not of whom they name [ERA-09]', async () => {
  const site = await alone();
  await recordName(site, '17');
  const asked = await requestErasure(site.store(), ALLOWED, { what: { subject: '17' }, justification: 'x' });
  const erasure = site.store().aggregate(Erasure, 'id' in asked ? asked.id : '');
  await erasure.send({ type: 'ErasureApproved', by: 'dora', alone: false }, { reason: 'as nurse-1, who is not dora' });
  await erasure.send({ type: 'ErasureCarriedOut', replica: site.store().replica, keys: [] });
  expect(erasure.state().value).toBe('carriedOut');
  const { findings, erasures } = await audited(site);
  const { replica } = site.store();
  expect(findings).toMatchObject([
    { code: 'erasure.malformed', replica, sequence: 3, what: 'not by whom it names' },
    { code: 'erasure.unlawful', replica, sequence: 4, what: 'out of place' },
  ]);
  expect(erasures).toMatchObject([{ state: 'requested', done: [], ineffective: [{ sequence: 3 }, { sequence: 4 }] }]);
  const carried = await carryOutErasure(site.store(), site.session.source, ALLOWED, erasure.id);
  expect(carried).toEqual({ kind: 'waiting', why: 'not-approved' });
});

it('proves the copy that was kept and no other, before and after the value was erased [ERA-10, FLD-05]', async () => {
  const site = await alone();
  const event = await recordName(site, '17', 'Grete');
  const scanned = await site
    .store()
    .aggregate(Patient, '17')
    .send({ type: 'Scanned', scan: Uint8Array.of(1, 2, 3) });
  if (scanned.kind !== 'committed') throw new Error(scanned.kind);
  const stream = patientStream('17');
  const [name, scan] = [
    await copyOf(site.store(), site.session.source, { stream, event, path: '/name' }),
    await copyOf(site.store(), site.session.source, { stream, event: scanned.eventId, path: '/scan' }),
  ];
  if (name === undefined || scan === undefined) throw new Error('no copy');
  expect(name).toMatchObject({ event, path: '/name', value: 'Grete' });
  const { salt } = name;
  const copies = [
    name,
    scan,
    { event, path: '/name', salt, value: 'Greta' },
    { event, path: '/name', salt, value: null },
    { event, path: '/name', salt: scan.salt, value: 'Grete' },
    { event, path: '/name', salt: '', value: 'Grete' },
    { event, path: '/name', salt: '*', value: 'Grete' },
    { event, path: '/name', salt: btoa('x'.repeat(400)), value: 'Grete' },
    { event, path: '/elsewhere', salt, value: 'Grete' },
    { event: 'none', path: '/name', salt, value: 'Grete' },
  ];
  const states = ['proven', 'proven', ...Array<string>(6).fill('disproven'), 'absent', 'absent'];
  expect((await audited(site, { copies })).copies.map(({ state }) => state)).toEqual(states);
  const asked = await requestErasure(site.store(), ALLOWED, { what: { subject: '17' }, justification: 'withdrawn' });
  const id = 'id' in asked ? asked.id : '';
  site.actAs('dora', 'dpo');
  await approveErasure(site.store(), ALLOWED, { id, justification: 'In order.' });
  await carryOutErasure(site.store(), site.session.source, ALLOWED, id);
  expect(await copyOf(site.store(), site.session.source, { stream, event, path: '/name' })).toBeUndefined();
  expect((await audited(site, { copies })).copies.map(({ state }) => state)).toEqual(states);
});

it('is printed by the command, with the copies of a file [ERA-09, ERA-10, CLI-01]', async () => {
  const site = await alone();
  const kept = await recordName(site, '19');
  const copy = await copyOf(site.store(), site.session.source, {
    stream: patientStream('19'),
    event: kept,
    path: '/name',
  });
  await eraseAll(site);
  const folder = await mkdtemp(join(tmpdir(), 'indelible-erasures-'));
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  try {
    const [bundle, copies] = [join(folder, 'bundle.jsonl'), join(folder, 'copies.json')];
    await writeFile(bundle, await (await site.store().export()).text());
    await writeFile(copies, JSON.stringify([copy]));
    expect(await verify([bundle, '--copies', copies])).toBe(0);
    await writeFile(copies, JSON.stringify([{ event: kept }]));
    await expect(verify([bundle, '--copies', copies])).rejects.toThrow('--copies is not');
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
  const text = printed.join('\n');
  for (const line of [
    'carried out: subject 17',
    'asked for by nurse-1 (site), 2026-01-05T09:00:00.000Z: Consent withdrawn.',
    'approved by dora (dpo)',
    '4 values of this log cannot be opened any more',
    'ground trial-record',
    `copy of /name of event ${kept}: proven`,
  ])
    expect(text).toContain(line);
  expect(text).not.toContain(MARKER);
});
