/** Small choices of a person that outlive a reload and hold in every tab. Nothing clinical, nothing that must not be lost. */
import { BehaviorSubject, type Observable } from 'rxjs';

export type Setting<T> = {
  readonly value$: Observable<T>;
  readonly value: () => T;
  readonly set: (value: T) => void;
};

const read = (name: string): string | null => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

const write = (name: string, text: string): void => {
  try {
    localStorage.setItem(name, text);
  } catch {
    // Private mode or a full disk: the choice holds until the page is closed.
  }
};

/** A setting under `name`; `parse` gives undefined for a text that is not one. */
export const setting = <T>(
  name: string,
  first: T,
  codec: { readonly parse: (text: string) => T | undefined; readonly print: (value: T) => string },
): Setting<T> => {
  const key = `indelible.${name}`;
  const parsed = (text: string | null): T => (text === null ? undefined : codec.parse(text)) ?? first;
  const subject = new BehaviorSubject<T>(parsed(read(key)));
  addEventListener('storage', (event) => {
    if (event.key === key) subject.next(parsed(event.newValue));
  });
  return {
    value$: subject.asObservable(),
    value: () => subject.value,
    set: (value) => {
      write(key, codec.print(value));
      subject.next(value);
    },
  };
};
