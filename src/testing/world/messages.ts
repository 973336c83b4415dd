/** What may become of a message on its way. */
import { StoreError } from '../../core/errors.ts';
import { type Disturbance, UNDISTURBED } from '../network.ts';
import type { Draw } from './model.ts';

/** What a letter does to one message. */
export const MESSAGE_TROUBLE: Readonly<Record<string, (draw: Draw) => Disturbance>> = {
  n: () => UNDISTURBED,
  q: () => ({ kind: 'drop-request' }),
  d: () => ({ kind: 'drop-answer' }),
  r: () => ({ kind: 'repeat' }),
  l: () => ({ kind: 'late' }),
  s: () => ({ kind: 'fail', error: new StoreError('sync.rate-limited') }),
  u: () => ({ kind: 'fail', error: new StoreError('sync.unauthorised') }),
  i: () => ({ kind: 'fail', error: new StoreError('server.internal') }),
  t: (draw) => ({ kind: 'alter-answer', alter: (text) => text.slice(0, draw(text.length)) }),
};
