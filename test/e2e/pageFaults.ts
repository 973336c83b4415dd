/** What keeps somebody with a screen reader or a keyboard from using a page: found in the page itself. */
import type { Page } from 'playwright-core';

/** Runs in the page. Gives a line for each fault. */
const findFaults = (): readonly string[] => {
  const tidy = (text: string | null | undefined) => (text ?? '').replace(/\s+/g, ' ').trim();
  const isShown = (element: Element) => element.getClientRects().length > 0;
  const nameOf = (element: Element): string => {
    const by = element.getAttribute('aria-labelledby');
    if (by !== null)
      return tidy(
        by
          .split(' ')
          .map((id) => document.getElementById(id)?.textContent ?? '')
          .join(' '),
      );
    const labels = 'labels' in element && element.labels instanceof NodeList ? [...element.labels] : [];
    return tidy(
      element.getAttribute('aria-label') ?? (labels.length > 0 ? labels[0]?.textContent : element.textContent),
    );
  };
  const told = (element: Element) => element.outerHTML.slice(0, 120);
  const controls = [...document.querySelectorAll('button, input, select, textarea, a[href], summary, meter, progress')];
  const unnamed = controls
    .filter((each) => isShown(each) && nameOf(each) === '')
    .map((each) => `no name: ${told(each)}`);
  const kept = controls
    .filter((each) => isShown(each) && each.getAttribute('tabindex') === '-1')
    .map((each) => `not reachable: ${told(each)}`);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `id twice: ${id}`);
  const dangling = [...document.querySelectorAll('[aria-labelledby], [for]')]
    .flatMap((each) => (each.getAttribute('aria-labelledby') ?? each.getAttribute('for') ?? '').split(' '))
    .filter((id) => document.getElementById(id) === null)
    .map((id) => `names nothing: ${id}`);
  const regions = [...document.querySelectorAll('dialog[open], form, section')]
    .filter(
      (each) =>
        isShown(each) && (each.matches('dialog') || each.hasAttribute('aria-labelledby')) && nameOf(each) === '',
    )
    .map((each) => `no name: ${told(each)}`);
  const tables = [...document.querySelectorAll('table')]
    .filter((each) => isShown(each) && each.querySelector('th[scope]') === null)
    .map((each) => `no headers: ${told(each)}`);
  return [...unnamed, ...kept, ...twice, ...dangling, ...regions, ...tables];
};

/** Controls without a name or out of reach, ids that are there twice or name nothing, dialogs without a name, tables without headers. */
export const faultsOf = (page: Page): Promise<readonly string[]> => page.evaluate(findFaults);
