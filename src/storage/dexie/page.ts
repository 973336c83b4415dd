/**
 * What a page is told of its own life. A frozen page still hears messages, but nothing that it asks of the database is
 * answered, and a transaction that it began would keep every other tab from writing: while it sleeps it begins none.
 */

export type Page = {
  /** Calls back when the page is shown, thawed or brought back from a cache. */
  readonly onWake: (listener: () => void) => () => void;
  /** Calls back when the page is about to be frozen or put into a cache. */
  readonly onSleep: (listener: () => void) => () => void;
  /** Frozen, or in a cache. */
  readonly isAsleep: () => boolean;
  readonly isVisible: () => boolean;
};

type Heard = readonly (readonly [EventTarget, string])[];

const listenTo = (heard: Heard, listener: (event: Event) => void): (() => void) => {
  for (const [target, type] of heard) target.addEventListener(type, listener);
  return () => {
    for (const [target, type] of heard) target.removeEventListener(type, listener);
  };
};

/** A page that goes away for good is not put to sleep: its last append shall still be made. */
const isForGood = (event: Event): boolean =>
  event.type === 'pagehide' && !(event instanceof PageTransitionEvent && event.persisted);

let own: Page | undefined;

const followPage = (): Page => {
  let asleep = false;
  const falling: Heard = [
    [document, 'freeze'],
    [window, 'pagehide'],
  ];
  const rising: Heard = [
    [document, 'resume'],
    [window, 'pageshow'],
  ];
  listenTo(falling, (event) => {
    asleep ||= !isForGood(event);
  });
  listenTo(rising, () => {
    asleep = false;
  });
  const isVisible = () => document.visibilityState === 'visible';
  return {
    onWake: (listener) => {
      const shown = () => {
        if (isVisible()) listener();
      };
      const stop = [listenTo(rising, listener), listenTo([[document, 'visibilitychange']], shown)];
      return () => {
        for (const each of stop) each();
      };
    },
    onSleep: (listener) =>
      listenTo(falling, (event) => {
        if (!isForGood(event)) listener();
      }),
    isAsleep: () => asleep,
    isVisible,
  };
};

/** The page that this runs in; undefined in a worker or outside a browser. */
export const ownPage = (): Page | undefined => {
  if (typeof document === 'undefined' || typeof window === 'undefined') return undefined;
  own ??= followPage();
  return own;
};

/** Resolves when the page is awake; undefined if it is. */
export const untilAwake = (page: Page | undefined): Promise<void> | undefined =>
  page?.isAsleep() !== true
    ? undefined
    : new Promise((resolve) => {
        const stop = page.onWake(() => {
          stop();
          resolve();
        });
      });
