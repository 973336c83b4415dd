/**
 * Counts the steps that a page takes in IndexedDB, and stops the page for ever at one of them: in a synchronous request
 * that is never answered, or in a loop without end, so that nothing of the page runs on while the browser behind it does.
 */

let left = 0;
let address = '';

/** Firefox runs its event loop during a synchronous request, and then commits a transaction that was half asked for. */
const requestsSpin = Reflect.has(globalThis, 'mozInnerScreenX');

const stop = (step: string): void => {
  const told = JSON.stringify({ kind: 'stopped', step });
  if (requestsSpin) {
    navigator.sendBeacon(address, told);
    for (;;); // until it is killed
  }
  const request = new XMLHttpRequest();
  request.open('POST', address, false);
  request.send(told);
};

const step = (name: string): void => {
  if (left > 0 && --left === 0) stop(name);
};

/** The `at`-th step from now on is the last one. */
export const stopAtStep = (at: number): void => {
  left = at;
};

const around = (prototype: object, method: string): void => {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== 'function') return;
  Object.defineProperty(prototype, method, {
    configurable: true,
    writable: true,
    value: function (this: unknown, ...args: readonly unknown[]) {
      step(`before ${method}`);
      const answer: unknown = Reflect.apply(original, this, [...args]);
      step(`after ${method}`);
      if (answer instanceof IDBTransaction) answer.addEventListener('complete', () => step('complete'));
      return answer;
    },
  });
};

/** Watches every change that a page makes in IndexedDB; `toldAt` is where the test hears of it. */
export const watchSteps = (toldAt: string): void => {
  address = toldAt;
  for (const method of ['add', 'put', 'delete', 'clear', 'createIndex']) around(IDBObjectStore.prototype, method);
  for (const method of ['createObjectStore', 'deleteObjectStore', 'transaction']) around(IDBDatabase.prototype, method);
  around(IDBTransaction.prototype, 'commit');
};

/** What the browser says of databases that it found damaged and began anew: Chromium does so where its files do not open. */
export const discarded: string[] = [];

/** Hears it where a database is opened first; the others of the page come up empty without a word. */
export const watchDiscarding = (): void => {
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...args) {
    const request = open.apply(this, args);
    request.addEventListener('upgradeneeded', (event) => {
      if (Reflect.get(event, 'dataLoss') === 'total') discarded.push(String(Reflect.get(event, 'dataLossMessage')));
    });
    return request;
  };
};
