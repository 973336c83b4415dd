/**
 * One subject through the page. Erasure: refused by default with its ground, one wrong name by two people, and who has not confirmed it.
 * Then queries about a form, and the subject's own page: its part in the study, visits and diary.
 */

import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { localText } from '../../app/model/times.ts';
import {
  importSummary,
  loadSample,
  openForm,
  PULSE,
  partsOf,
  saveName,
  setOnline,
  shareKey,
  startWorld,
  until,
  untilEqual,
  VITALS,
  type World,
} from './appWorld.ts';
import { faultsOf } from './pageFaults.ts';
import { indelible } from './servedApp.ts';

const WRONG = 'Rosalind Thackeray';
const RIGHT = 'Wilhelmina Quayle';

let world: World;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  page = await world.openPage();
});
afterAll(() => world.close());

const { a, b, dialog, take } = partsOf(() => page);
const erasures = (device: Locator): Locator => device.getByRole('region', { name: 'Erasures' });

const rename = async (text: string, reason = ''): Promise<void> => {
  await saveName(a(), text, reason);
  await until(async () => (await a().locator('.subject-name').innerText()).includes(text), true);
};

const ask = async (choice: RegExp, justification: string): Promise<void> => {
  await a().getByRole('button', { name: 'Erase something of subject 101' }).click();
  const submit = dialog().getByRole('button', { name: 'Ask for erasure' });
  await dialog().getByRole('radio', { name: choice }).check();
  expect(await submit.isDisabled()).toBe(true);
  await dialog().getByLabel('Justification').fill(justification);
  await submit.click();
};

it('a request for a whole subject is refused by default, on record with its ground [APP-16]', async () => {
  await loadSample(a());
  await importSummary(a());
  await untilEqual(page);
  for (const device of [a(), b()]) await openForm(device, VITALS);
  await shareKey(page);
  await rename(WRONG);
  await rename(RIGHT, 'typed into the wrong casebook');
  await ask(/^Everything/, 'letter of the subject, filed');
  const entry = erasures(a()).getByRole('listitem').first();
  await until(async () => (await entry.innerText()).includes('Refused by'), true);
  const text = await entry.innerText();
  for (const part of ['Everything sealed of subject 101', 'ada.nurse', 'letter of the subject', 'kept as the law asks'])
    expect(text).toContain(part);
  expect(await a().locator('.subject-name').innerText()).toContain(RIGHT);
});

it('a justification that tells the name is not taken, and nobody approves what they asked for [APP-16]', async () => {
  await ask(/Rosalind/, 'Thackeray is another subject, Rosalind Thackeray');
  await dialog().getByText('The justification tells the value').waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await take('erase-ask');
  await dialog().getByLabel('Justification').fill('name of another person');
  await dialog().getByRole('button', { name: 'Ask for erasure' }).click();
  await until(() => erasures(a()).getByRole('listitem').count(), 2);
  expect(
    await erasures(a())
      .getByRole('button', { name: /^Approve/ })
      .count(),
  ).toBe(0);
  expect(
    await erasures(a())
      .getByRole('button', { name: /^Refuse/ })
      .count(),
  ).toBe(1);
});

it('another person approves, each device erases it and confirms, and one that is away is listed until it does [APP-16]', async () => {
  await untilEqual(page);
  await until(async () => (await b().locator('.subject-name').innerText()).includes(RIGHT), true);
  await setOnline(a(), false);
  await erasures(b()).getByRole('button', { name: 'Approve: One name of subject 101' }).click();
  await dialog().getByLabel('Justification').fill('found in order');
  await dialog().getByRole('button', { name: 'Approve' }).click();
  const atB = erasures(b()).getByRole('listitem').nth(1);
  await until(async () => (await atB.innerText()).includes('Erased'), true);
  expect(await atB.innerText()).toMatch(/Not confirmed\s+Device A/);
  await take('erase-waiting');
  await setOnline(a(), true);
  for (const device of [a(), b()]) {
    const entry = erasures(device).getByRole('listitem').nth(1);
    await until(async () => /Not confirmed\s+no device/.test(await entry.innerText()), true);
    expect(await entry.innerText()).toMatch(/Approved by\s+ben\.monitor, data manager/);
  }
  await a().getByRole('button', { name: 'Erase something of subject 101' }).click();
  await dialog().getByText(RIGHT).waitFor();
  expect(await dialog().getByRole('radio').count()).toBe(2);
  await page.keyboard.press('Escape');
  expect((await page.content()).includes(WRONG)).toBe(false);
  expect(await a().locator('.subject-name').innerText()).toContain(RIGHT);
});

it('after an erasure the device verifies, and so does its export [APP-16]', async () => {
  await untilEqual(page);
  await a().getByRole('button', { name: 'Verify', exact: true }).click();
  await a().getByText('✓ This device: nothing found').waitFor();
  const download = page.waitForEvent('download');
  await a().getByRole('button', { name: 'Export' }).click();
  const file = join(world.folder, 'erased.jsonl');
  await (await download).saveAs(file);
  const { status, stdout, stderr } = indelible('verify', file);
  expect(status, stdout + stderr).toBe(0);
});

it('an erasure refused here and approved elsewhere is in the inbox by its name, which leads to where it is refused [APP-16, APP-06]', async () => {
  await ask(/Wilhelmina/, 'name of another person, too');
  await until(() => erasures(a()).getByRole('listitem').count(), 3);
  await untilEqual(page);
  for (const device of [a(), b()]) await setOnline(device, false);
  for (const [device, name] of [
    [a(), 'Refuse'],
    [b(), 'Approve'],
  ] as const) {
    await erasures(device).getByRole('listitem').nth(2).getByRole('button', { name }).click();
    await dialog().getByLabel('Justification').fill('looked at it');
    await dialog().getByRole('button', { name }).click();
    await until(() => dialog().count(), 0);
  }
  for (const device of [a(), b()]) await setOnline(device, true);
  const way = a()
    .getByRole('alert', { name: 'Conflicts' })
    .getByRole('button', { name: 'Erasure: One name of subject 101' });
  await way.press('Enter');
  expect(await erasures(a()).evaluate((section) => section === document.activeElement)).toBe(true);
  await take('conflict-erasure');
  const entry = erasures(a()).getByRole('listitem').nth(2);
  await entry.getByText('Contested').waitFor();
  await entry.getByRole('button', { name: /^Refuse/ }).click();
  await dialog().getByLabel('Justification').fill('the name is right');
  await dialog().getByRole('button', { name: 'Refuse' }).click();
  await until(() => dialog().count(), 0);
  await until(() => way.count(), 0);
});

const press = (where: Locator, name: string) => where.getByRole('button', { name, exact: true }).press('Enter');
const thread = (): Locator => page.getByRole('article', { name: `query 1 about ${PULSE}` });

/** Presses a button, fills what its dialog asks for, and records it. */
const act = async (where: Locator, name: string, given: Readonly<Record<string, string>>): Promise<void> => {
  await press(where, name);
  const asking = page.getByRole('dialog', { name, exact: true });
  for (const [label, text] of Object.entries(given)) await asking.getByLabel(label).fill(text);
  await asking.locator('button[type=submit]').click();
  await asking.waitFor({ state: 'detached' });
};

const openQueries = async (device: Locator): Promise<void> => {
  await openForm(device, VITALS);
  await device.getByRole('button', { name: `Queries about ${PULSE}` }).click();
};

const closeDialog = async (): Promise<void> => {
  await page.keyboard.press('Escape');
  await until(() => dialog().count(), 0);
};

it('a query is asked, answered on the other device and closed, and what waits is listed live [APP-22]', async () => {
  await openQueries(a());
  await act(dialog(), `Ask a question: ${PULSE}`, { Question: 'Is this the resting pulse?' });
  await thread().getByText('Is this the resting pulse?').waitFor();
  await closeDialog();
  await a().getByText('1 query waits: 1 for an answer, 0 to be closed').waitFor();
  await b().getByText('1 query waits: 1 for an answer, 0 to be closed').click();
  await b().getByRole('list', { name: 'Queries that wait' }).getByRole('button').click();
  await b()
    .getByRole('button', { name: `Queries about ${PULSE}: 1 waiting` })
    .click();
  await act(thread(), `Answer: query 1 about ${PULSE}`, { Answer: 'Yes, after ten minutes.' });
  await take('query-thread');
  expect(await faultsOf(page)).toEqual([]);
  await closeDialog();
  await a().getByText('1 query waits: 0 for an answer, 1 to be closed').waitFor();
  await untilEqual(page);
});

it('a query that two devices went on with shows both sides, and the next act decides with a reason [APP-22]', async () => {
  for (const device of [a(), b()]) await setOnline(device, false);
  for (const [device, text] of [
    [a(), 'By a watch.'],
    [b(), 'By the monitor.'],
  ] as const) {
    await openQueries(device);
    await act(thread(), `Answer: query 1 about ${PULSE}`, { Answer: text });
    await closeDialog();
  }
  for (const device of [a(), b()]) await setOnline(device, true);
  await untilEqual(page);
  for (const device of [a(), b()])
    await device.getByRole('alert', { name: 'Conflicts' }).getByText('Answered by ben.monitor').waitFor();
  await openQueries(a());
  const sides = thread().getByRole('list', { name: 'What the query has in conflict' });
  for (const part of ['Answered', 'By a watch.', 'By the monitor.', 'ada.nurse', 'ben.monitor'])
    await sides.getByText(part).first().waitFor();
  await take('query-conflict');
  await act(thread(), `Ask again: query 1 about ${PULSE}`, {
    Question: 'By which device was it taken?',
    Reason: 'the answer does not say',
  });
  await until(() => sides.count(), 0);
  await until(() => a().getByRole('alert', { name: 'Conflicts' }).count(), 0);
  await until(() => thread().locator('.stage').innerText(), 'Open');
  await closeDialog();
});

it('a subject is screened, enrolled and withdrawn on its page, beside its visits and forms at a glance [APP-23]', async () => {
  await openForm(a(), VITALS);
  await press(a(), 'All of subject 101');
  const subject = a().getByRole('region', { name: 'Subject', exact: true });
  const state = subject.locator('.form-head .stage');
  await act(subject, 'Screen', { Site: '042' });
  await act(subject, 'Enrol', { 'Day of enrolment': '2026-01-12' });
  await until(() => state.innerText(), 'Enrolled');
  await subject.locator('.form-head').getByText('Not possible now').click();
  await press(subject, 'Take the end back');
  await subject
    .getByText('the subject is enrolled; this takes one that is screening failed, completed or withdrawn')
    .waitFor();
  const cell = subject.getByRole('cell').filter({ has: page.locator(`[data-cell="${VITALS}"]`) });
  for (const part of ['Draft', '1 query']) await cell.getByText(part).waitFor();
  const visits = subject.getByRole('region', { name: 'Visits' });
  await act(visits, 'Plan: Screening', {
    'Planned for': '2026-01-05',
    'Window from': '2026-01-03',
    'Window to': '2026-01-07',
  });
  await act(visits, 'Start: Screening', { 'Day of the visit': '2026-01-09' });
  await visits.getByText('on 2026-01-09, 2 days after its window (2026-01-03 to 2026-01-07)').waitFor();
  await act(subject, 'Withdraw', { 'Day of withdrawal': '2026-02-01', Reason: 'wish of the subject' });
  await until(() => state.innerText(), 'Withdrawn');
  await press(subject, 'History of the subject');
  await until(() => dialog().locator('tbody tr').count(), 3);
  expect(await dialog().locator('tbody tr').last().innerText()).toContain('wish of the subject');
  await closeDialog();
  await take('subject');
  expect(await faultsOf(page)).toEqual([]);
});

const local = (minutes: number): string => localText(Date.now() + minutes * 60_000);

it('a diary entry is taken in its window, says how late it is, and is corrected with a reason only [APP-24]', async () => {
  const section = a().getByRole('region', { name: 'Diary' });
  await section.getByLabel('Questions of').selectOption('F.DIARY');
  await act(section, 'Set a window: Asthma diary', {
    Opens: local(-120),
    Closes: local(-60),
    'Taken late until': local(60),
  });
  const entry = section.getByRole('listitem').first();
  await entry.getByText(/^late; taken for/).waitFor();
  await press(entry, 'Missed: Asthma diary');
  await entry.getByText('this is taken when it is taken no more').waitFor();
  await act(entry, 'Enter: Anything else?', { 'Anything else?': 'slept badly' });
  await press(entry, 'Submit: Asthma diary');
  await entry.getByText('Submitted late').waitFor();
  await entry.getByText(/1 h 0 min late$/).waitFor();
  await act(entry, 'Correct: Anything else?', { 'Anything else?': 'slept well', Reason: 'misread' });
  await entry.getByText('slept well').waitFor();
  await take('diary');
  expect(await faultsOf(page)).toEqual([]);
  await untilEqual(page);
});

it('an entry whose end two devices corrected apart shows both ends, and the same buttons decide [APP-24, APP-06]', async () => {
  for (const device of [a(), b()]) await setOnline(device, false);
  await press(b(), 'All of subject 101');
  const entry = (device: Locator) => device.getByRole('region', { name: 'Diary' }).getByRole('listitem').first();
  await act(entry(a()), 'Was submitted: Asthma diary', { 'Submitted at': local(-70), Reason: 'paper diary' });
  await act(entry(b()), 'Was missed: Asthma diary', { Reason: 'entered for somebody else' });
  for (const device of [a(), b()]) await setOnline(device, true);
  await untilEqual(page);
  for (const device of [a(), b()]) {
    await device
      .getByRole('alert', { name: 'Conflicts' })
      .getByText(/^End corrected .*missed by ben\.monitor/)
      .waitFor();
    const sides = entry(device).getByRole('list', { name: 'What the diary entry has in conflict' });
    for (const part of ['submitted at', 'missed', 'paper diary', 'entered for somebody else'])
      await sides.getByText(part).first().waitFor();
  }
  await take('diary-conflict');
  expect(await faultsOf(page)).toEqual([]);
  await act(entry(b()), 'Was missed: Asthma diary', { Reason: 'nothing on paper' });
  for (const device of [a(), b()]) {
    await until(() => device.getByRole('alert', { name: 'Conflicts' }).count(), 0);
    await until(() => entry(device).locator('.stage').innerText(), 'Missed');
  }
  await press(entry(a()), 'History: Asthma diary');
  const last = await dialog().locator('tbody tr').last().innerText();
  for (const part of ['End corrected', 'missed', 'resolved a conflict', 'nothing on paper'])
    expect(last).toContain(part);
  await closeDialog();
});
