/**
 * Faults at the steps of a storage engine, for the laws that let each step fail in turn.
 *
 * A step is one call by which an adapter reaches its engine: of a driver (`exec`, `run`, `commit`), of a file (`write`,
 * `sync`), of IndexedDB. Whoever makes an adapter wraps these calls: `makeFaults()` gives `step`, which is asked at each
 * of them and says what is to go wrong there, and `faults`, which goes into the `ConformancePlace`. What each kind means:
 *  - `throws`: the call fails, and had no effect;
 *  - `aborts`: the call or its transaction fails after it had an effect, which the engine takes back;
 *  - `is out of space`: the engine has no room; it says so in its own way;
 *  - `never answers`: no effect, and no answer ever. Only where calls are asynchronous;
 *  - `loses its answer`: the call takes effect, and its answer never comes. Only where calls are asynchronous;
 *  - `meets a crash`: the process is gone before the step takes effect. Nothing that comes later reaches the engine;
 *  - `precedes a crash`: the step takes effect, and then the process is gone;
 *  - `closes its connection`: the call fails, what was begun on its connection is taken back, and every later call on that
 *    connection fails; a new connection works;
 *  - `succeeds without storing`: the call, and what else belongs to its transaction, is answered as if it had been done, and
 *    nothing of it is stored: what browsers were seen to do on a connection that had died. Reading is not affected.
 */

export const FAULT_KINDS = [
  'throws',
  'aborts',
  'is out of space',
  'never answers',
  'loses its answer',
  'meets a crash',
  'precedes a crash',
  'closes its connection',
  'succeeds without storing',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type StorageFaults = {
  /** The `at`-th step from now on fails (1 is the next one). */
  readonly arm: (at: number, kind: FaultKind) => void;
  /** Ends the fault; true if the step was reached. A process that is gone stays gone. */
  readonly disarm: () => boolean;
  /** Resolves when the armed step is reached. */
  readonly reached: () => Promise<void>;
};

/** To be asked at each step: what is to go wrong at this one, if anything. */
export type FaultStep = () => FaultKind | undefined;

/** True for the kinds after which the engine is silent: a call waits as long as the adapter lets it. */
export const isSilent = (kind: FaultKind): boolean => kind === 'never answers' || kind === 'loses its answer';

/** True for the kinds after which the process is gone. */
export const isCrash = (kind: FaultKind): boolean => kind === 'meets a crash' || kind === 'precedes a crash';

export const makeFaults = (): { readonly faults: StorageFaults; readonly step: FaultStep } => {
  let left = 0;
  let armed: FaultKind | undefined;
  let isReached = false;
  let waiting: (() => void)[] = [];
  return {
    faults: {
      arm: (at, kind) => {
        left = at;
        armed = kind;
        isReached = false;
      },
      disarm: () => {
        armed = undefined;
        waiting = [];
        return isReached;
      },
      reached: () => new Promise((resolve) => (isReached ? resolve() : waiting.push(resolve))),
    },
    step: () => {
      if (armed === undefined || isReached || --left > 0) return undefined;
      isReached = true;
      for (const resolve of waiting.splice(0)) resolve();
      return armed;
    },
  };
};
