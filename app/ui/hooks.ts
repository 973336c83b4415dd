/** What components share: following observables, and a clock that ticks while somebody looks. */
import { useEffect, useState } from 'react';
import type { Observable } from 'rxjs';

/** The newest value of an observable; `first` until it emits. A new `source` starts anew. */
export const useObservable = <T>(source: Observable<T>, first: () => T): T => {
  const [value, setValue] = useState(first);
  useEffect(() => {
    const subscription = source.subscribe((next) => setValue(() => next));
    return () => subscription.unsubscribe();
  }, [source]);
  return value;
};

/** The time, every `everyMs`, in milliseconds. */
export const useNow = (everyMs: number): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};

/** The value once it has stood for `delayMs`; `calm` values show at once. Keeps short states from flickering. */
export const useSettled = <T>(value: T, delayMs: number, isCalm: (value: T) => boolean): T => {
  const [shown, setShown] = useState(value);
  const calm = isCalm(value);
  useEffect(() => {
    const timer = setTimeout(() => setShown(() => value), calm ? 0 : delayMs);
    return () => clearTimeout(timer);
  }, [value, calm, delayMs]);
  return shown;
};
