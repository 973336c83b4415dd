/**
 * Erasures in a log: who asked for what, who decided, what was destroyed where; whether what was destroyed had an approval that
 * counts; and whether a copy that was kept elsewhere is what had been sealed. Laws: `verify/erasures.test`.
 */
import type { Commit } from '../core/commit.ts';
import {
  ERASURE_TYPE,
  type ErasureDone,
  type ErasureEvent,
  type ErasureTarget,
  erasureFault,
  foldErasure,
} from '../core/erasure.ts';
import { isStoreError } from '../core/errors.ts';
import { type KeyId, type StreamId, streamParts } from '../core/ids.ts';
import { pointerOf } from '../core/protect.ts';
import { fromBase64 } from '../crypto/bytes.ts';
import { isCommittedTo, type SealedValue } from '../crypto/fieldCipher.ts';
import { type PlacedSeal, sealedIn } from '../crypto/sealedValues.ts';
import type { Findings } from './findings.ts';
import { type CopyReport, type ErasureReport, type KeptCopy, type LogReport, VERIFY_LIMITS } from './report.ts';

export type ErasureOptions = {
  readonly findings: Findings;
  readonly lineOf: (at: number) => { readonly line?: number };
  readonly copies?: readonly KeptCopy[] | undefined;
};

/** What is found of the erasures of one log. */
export type ErasuresFound = Pick<LogReport, 'erasures' | 'copies'>;

export type ErasureCheck = {
  /** Takes a sound commit in its place. */
  readonly add: (commit: Commit, at: number) => void;
  /** Judges every erasure, after the last commit. */
  readonly finish: () => ErasuresFound;
};

type Placed = { readonly at: number; readonly event: ErasureEvent };

type Gathered = {
  readonly options: ErasureOptions;
  readonly byStream: Map<StreamId, Placed[]>;
  /** Sealed values by the key that they lie under. */
  readonly perKey: Map<KeyId, number>;
  /** Sealed values at the places that copies name: `event` and path. */
  readonly wanted: Map<string, SealedValue | undefined>;
  readonly wantedEvents: ReadonlySet<string>;
  events: number;
};

/** Bytes of the salt of a commitment. */
const SALT_BYTES = 32;

const nameOf = (event: string, path: string): string => `${event} ${path}`;

const raise = ({ options }: Gathered, { at, event }: Placed, code: Code, what: string): void => {
  const place = { replica: event.context.replica, sequence: event.body.sequence };
  options.findings.raise(at, { code, ...place, ...options.lineOf(at), what });
};
type Code = Parameters<Findings['raise']>[1]['code'];

const countSealed = ({ perKey, wanted, wantedEvents }: Gathered, { body }: ErasureEvent): void => {
  const found: PlacedSeal[] = [];
  sealedIn(body.payload, [], found);
  for (const { way, sealed } of found) {
    const { key } = sealed.$sealed;
    const count = perKey.get(key);
    if (count !== undefined || perKey.size < VERIFY_LIMITS.sealingKeysMax) perKey.set(key, (count ?? 0) + 1);
    if (!wantedEvents.has(body.id)) continue;
    const name = nameOf(body.id, pointerOf(way));
    if (wanted.has(name)) wanted.set(name, sealed);
  }
};

const takeEvent = (gathered: Gathered, placed: Placed): void => {
  const { stream } = placed.event.body;
  gathered.events += 1;
  if (gathered.events > VERIFY_LIMITS.erasureEventsMax) {
    if (gathered.events === VERIFY_LIMITS.erasureEventsMax + 1)
      raise(gathered, placed, 'erasure.malformed', 'too many to check');
    return;
  }
  const known = gathered.byStream.get(stream) ?? [];
  known.push(placed);
  gathered.byStream.set(stream, known);
};

const take = (gathered: Gathered, commit: Commit, at: number): void => {
  for (const body of commit.events) {
    const event = { body, context: commit.context };
    if (streamParts(body.stream).type === ERASURE_TYPE) takeEvent(gathered, { at, event });
    else countSealed(gathered, event);
  }
};

const valuesOf = ({ perKey }: Gathered, target: ErasureTarget | undefined, done: readonly ErasureDone[]): number => {
  if (target === undefined) return 0;
  if (target.kind === 'values') return target.places.length;
  const keys = new Set(done.flatMap((each) => each.keys));
  return [...keys].reduce((total, key) => total + (perKey.get(key) ?? 0), 0);
};

const judge = (gathered: Gathered, stream: StreamId, placed: readonly Placed[]): ErasureReport => {
  const { course, contested, ineffective } = foldErasure(placed.map(({ event }) => event));
  const byBody = new Map(placed.map((each) => [each.event.body, each]));
  for (const { event, what, unlawful } of ineffective) {
    const place = byBody.get(event.body);
    if (place === undefined) continue;
    if (unlawful) raise(gathered, place, 'erasure.unlawful', what);
    else if (erasureFault(event) !== undefined) raise(gathered, place, 'erasure.malformed', what);
  }
  return {
    ...{ id: streamParts(stream).id, ...course, contested },
    ineffective: ineffective.map(({ event, what }) => ({
      ...{ replica: event.context.replica, sequence: event.body.sequence, what },
    })),
    values: valuesOf(gathered, course.target, course.done),
  };
};

const stateOf = (copy: KeptCopy, sealed: SealedValue | undefined): CopyReport['state'] => {
  if (sealed === undefined) return 'absent';
  try {
    const salt = fromBase64(copy.salt);
    if (salt.length !== SALT_BYTES) return 'disproven';
    const value = 'bytes' in copy ? fromBase64(copy.bytes) : copy.value;
    return isCommittedTo(sealed, value, salt) ? 'proven' : 'disproven';
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return 'disproven'; // what cannot be sealed, or is no salt, was not what had been sealed
  }
};

const finish = (gathered: Gathered): ErasuresFound => {
  const erasures = [...gathered.byStream].map(([stream, placed]) => judge(gathered, stream, placed));
  const requestedAt = ({ requested }: ErasureReport): string => requested?.at ?? '';
  return {
    erasures: erasures.sort((a, b) => (requestedAt(a) < requestedAt(b) ? -1 : 1)),
    copies: (gathered.options.copies ?? []).slice(0, VERIFY_LIMITS.copiesMax).map((copy) => ({
      ...{ event: copy.event, path: copy.path },
      state: stateOf(copy, gathered.wanted.get(nameOf(copy.event, copy.path))),
    })),
  };
};

/** A check of the erasures of one log. */
export const checkErasures = (options: ErasureOptions): ErasureCheck => {
  const copies = (options.copies ?? []).slice(0, VERIFY_LIMITS.copiesMax);
  const gathered: Gathered = {
    ...{ options, byStream: new Map(), perKey: new Map(), events: 0 },
    wanted: new Map(copies.map(({ event, path }) => [nameOf(event, path), undefined])),
    wantedEvents: new Set(copies.map(({ event }) => event)),
  };
  return {
    add: (commit, at) => take(gathered, commit, at),
    finish: () => finish(gathered),
  };
};
