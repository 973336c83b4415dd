/** The access token of a protected server: in memory only, gone with the page. */
import { BehaviorSubject } from 'rxjs';

const subject = new BehaviorSubject('');

export const token = {
  value$: subject.asObservable(),
  value: () => subject.value,
  set: (value: string) => subject.next(value.trim()),
};
