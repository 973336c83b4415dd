/** How a person uses the page, in any engine: things are found by what they are and what they are called. */
import { expect } from 'vitest';
import type { EnginePage } from './enginesDriver.ts';

export type Wanted = {
  /** A CSS selector of what it may be. */
  readonly what: string;
  /** What it is called: its label, or its text; what follows in brackets (a unit, a hint) may be left out. */
  readonly name?: string;
  /** A CSS selector of where it is. */
  readonly within?: string;
};

/**
 * Runs in the page. Marks the one visible element that is wanted, and gives a selector of it; nothing while there is none.
 * The name is that of `aria-label`, of `aria-labelledby`, of a label, or the text.
 */
const mark = ({ what, name, within }: Wanted): string | null => {
  const tidy = (text: string | null | undefined) => (text ?? '').replace(/\s+/g, ' ').trim();
  const nameOf = (element: Element): string => {
    const label = element.getAttribute('aria-label');
    if (label !== null) return tidy(label);
    const by = element.getAttribute('aria-labelledby');
    if (by !== null) return tidy(document.getElementById(by)?.textContent);
    const labels = 'labels' in element && element.labels instanceof NodeList ? [...element.labels] : [];
    return tidy(labels.length > 0 ? labels[0]?.textContent : element.textContent);
  };
  const found = [...document.querySelectorAll(`${within ?? 'body'} :is(${what})`)].filter(
    (element) =>
      element.getClientRects().length > 0 &&
      !element.matches(':disabled') &&
      (name === undefined || nameOf(element) === name || nameOf(element).startsWith(`${name} (`)),
  );
  const [element] = found;
  if (element === undefined) return null;
  for (const old of document.querySelectorAll('[data-wanted]')) old.removeAttribute('data-wanted');
  element.setAttribute('data-wanted', '');
  element.scrollIntoView({ block: 'center' });
  return '[data-wanted]';
};

/** Waits until something asked again and again is as wanted. */
export const until = (ask: () => Promise<unknown>, wanted: unknown, timeout = 30_000) =>
  expect.poll(ask, { timeout, interval: 100 }).toEqual(wanted);

export const textOf = async (page: EnginePage, selector: string): Promise<string> =>
  String(await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`));

const isThere = async (page: EnginePage, wanted: Wanted): Promise<boolean> =>
  (await page.evaluate(`(${mark})(${JSON.stringify(wanted)})`)) !== null;

const waitFor = async (page: EnginePage, wanted: Wanted): Promise<string> => {
  await expect
    .poll(() => isThere(page, wanted), { timeout: 30_000, interval: 50, message: JSON.stringify(wanted) })
    .toBe(true);
  return '[data-wanted]';
};

/** Does something to what is wanted. Where it went away between being found and being touched (the page drew it anew), it is looked for again. */
const act = async (page: EnginePage, wanted: Wanted, work: (selector: string) => Promise<void>): Promise<void> => {
  const selector = await waitFor(page, wanted);
  try {
    await work(selector);
  } catch (error) {
    if ((await page.evaluate(`document.querySelector('${selector}') !== null`)) === true) throw error;
    await act(page, wanted, work);
  }
};

export const click = (page: EnginePage, wanted: Wanted): Promise<void> => act(page, wanted, page.click);

export const fill = (page: EnginePage, wanted: Wanted, text: string): Promise<void> =>
  act(page, wanted, (selector) => page.fill(selector, text));

export const device = (name: 'a' | 'b'): string => `#device-${name}`;
const DIALOG = 'dialog';

const PASSPHRASE = 'heron lamp quarry violin';
const USER: Readonly<Record<string, string>> = { '#device-a': 'ada.nurse', '#device-b': 'ben.monitor' };

/** Sets a device up for its first user, or unlocks it. */
export const enterDevice = async (page: EnginePage, within: string): Promise<void> => {
  const type = async (name: string, text: string) => fill(page, { what: 'input', name, within }, text);
  await type('User', USER[within] ?? '');
  await type('Passphrase', PASSPHRASE);
  const isNew = await isThere(page, { what: 'input', name: 'Repeat passphrase', within });
  if (isNew) await type('Repeat passphrase', PASSPHRASE);
  await click(page, { what: 'button', name: isNew ? 'Set up this device' : 'Unlock', within });
  await waitFor(page, { what: 'button', name: 'Switch user', within });
};

export const loadSample = async (page: EnginePage, within: string): Promise<void> => {
  await click(page, { what: 'button', name: 'Load the sample study', within });
  await click(page, { what: 'button', name: 'Close summary', within });
};

/** Opens a form from the casebook or from another form. */
export const openForm = async (page: EnginePage, within: string, form: string): Promise<void> => {
  if (await isThere(page, { what: 'button', name: '← Casebook', within }))
    await click(page, { what: 'button', name: '← Casebook', within });
  await click(page, { what: `[data-form="${form}"]`, within });
  await waitFor(page, { what: 'tr', within });
};

/** What a device shows for one item of the opened form. */
export const shown = async (page: EnginePage, within: string, item: string): Promise<string> =>
  String(
    await page.evaluate(`(() => {
      const row = [...document.querySelectorAll(${JSON.stringify(`${within} tr`)})]
        .find((each) => each.querySelector('th')?.innerText.trim() === ${JSON.stringify(item)});
      return row?.querySelector('td')?.innerText ?? '';
    })()`),
  );

export type Change = { readonly item: string; readonly value: string; readonly reason: string };

/** Changes a value; resolves when the page has said that it is recorded. */
export const editValue = async (page: EnginePage, within: string, { item, value, reason }: Change): Promise<void> => {
  await click(page, { what: 'button', name: `Edit ${item}`, within });
  await fill(page, { what: 'input', name: item, within: DIALOG }, value);
  await fill(page, { what: 'input, textarea', name: 'Reason for change', within: DIALOG }, reason);
  await click(page, { what: 'button', name: 'Save', within: DIALOG });
  await until(async () => (await shown(page, within, item)).startsWith(value), true);
  await until(() => page.evaluate(`document.querySelectorAll('dialog').length`), 0);
};

/** How many events of a device wait for the server, in the words of the page. */
export const pending = (page: EnginePage, within: string): Promise<string> => textOf(page, `${within} .sync dd`);

export const fingerprint = (page: EnginePage, within: string): Promise<string> =>
  textOf(page, `${within} .fingerprint`);
