/** What a page is told of its own life: that it goes to sleep, that it is awake again, and whether anybody sees it. */

export type Page = {
  /** Calls back when the page is shown, thawed or brought back from a cache. */
  readonly onWake: (listener: () => void) => () => void;
  /** Calls back when the page is about to be frozen or put away. */
  readonly onSleep: (listener: () => void) => () => void;
  readonly isVisible: () => boolean;
};

type Heard = readonly (readonly [EventTarget, string])[];

const listenTo = (heard: Heard, listener: () => void): (() => void) => {
  for (const [target, type] of heard) target.addEventListener(type, listener);
  return () => {
    for (const [target, type] of heard) target.removeEventListener(type, listener);
  };
};

/** The page that this runs in; undefined in a worker or outside a browser. */
export const ownPage = (): Page | undefined => {
  if (typeof document === 'undefined' || typeof window === 'undefined') return undefined;
  const isVisible = () => document.visibilityState === 'visible';
  return {
    onWake: (listener) =>
      listenTo(
        [
          [document, 'visibilitychange'],
          [document, 'resume'],
          [window, 'pageshow'],
        ],
        () => {
          if (isVisible()) listener();
        },
      ),
    onSleep: (listener) =>
      listenTo(
        [
          [document, 'freeze'],
          [window, 'pagehide'],
        ],
        listener,
      ),
    isVisible,
  };
};
