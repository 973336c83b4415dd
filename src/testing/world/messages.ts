/** What may become of a message on its way. */
import { StoreError } from '../../core/errors.ts';
import { type Disturbance, UNDISTURBED } from '../network.ts';
import type { SimulatedRequest } from '../server.ts';
import type { Draw } from './model.ts';

/** The text with one bit of another value, as it may come out of a broken way between two machines. */
const otherBitOf = (draw: Draw, text: string): string => {
  const at = draw(text.length);
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << draw(7))) + text.slice(at + 1);
};

/** What a bit that was flipped in a page of commits is evidence of, for whoever gets the page. */
export const FLIPPED_IN_COMMITS = [
  'chain.leaf-mismatch',
  'chain.root-mismatch',
  'commit.malformed',
  'commit.unsupported-format',
  'signature.invalid',
] as const;

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
  a: (draw) => ({ kind: 'alter-answer', alter: (text) => otherBitOf(draw, text) }),
  b: (draw) => ({ kind: 'alter-request', alter: (text) => otherBitOf(draw, text) }),
  t: (draw) => ({ kind: 'alter-answer', alter: (text) => text.slice(0, draw(text.length)) }),
};

/** What a trouble is counted as; undefined where nothing happened. */
export const troubleName = (
  letter: string | undefined,
  met: Disturbance,
  { kind }: SimulatedRequest,
): string | undefined => {
  if (letter === 'a') return 'message: a bit of an answer flipped';
  if (letter === 'b')
    return kind === 'push' || kind === 'keys-push' ? 'message: a bit of a request flipped' : undefined;
  if (met.kind === 'none') return undefined;
  return met.kind === 'fail' ? `message: ${met.error.code}` : `message: ${met.kind}`;
};
