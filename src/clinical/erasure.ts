/**
 * Asking for an erasure and deciding on it. Nothing is erased unless a policy allows it, and unless somebody approves it who
 * is another person than whoever asked; a refusal is recorded with its ground. No event of it holds what is erased, and a
 * justification that tells it is not recorded. Laws: `clinical/erasure.test`.
 */
import {
  type ErasureCourse,
  type ErasureFold,
  type ErasureGround,
  type ErasureTarget,
  erasureStream,
  foldErasure,
} from '../core/erasure.ts';
import { type EventId, type StreamId, type UserId, userId } from '../core/ids.ts';
import { isRecord } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import { isSealed } from '../core/protect.ts';
import { eventIds } from '../core/uuid.ts';
import { Erasure, type ErasureRequestedPayload } from '../machines/clinical/index.ts';
import { systemClock, systemEntropy } from '../store/platform.ts';
import type { SealedPlaceAt } from '../store/sealedPlaces.ts';
import type { SendOptions, SendOutcome, Store } from '../store/types.ts';

/** What an application allows. Both devices that ask and devices that carry out go by it. */
export type ErasurePolicy = {
  /** Why it is not erased, with the reason to be recorded; undefined where it may be, if somebody approves. */
  readonly refusal: (target: ErasureTarget) => { readonly ground: ErasureGround; readonly reason: string } | undefined;
  /** Whether this person may approve. */
  readonly mayApprove: (approver: { readonly user: UserId; readonly role: string }) => boolean;
  /** Whether whoever asked may approve it too. */
  readonly mayApproveAlone: (target: ErasureTarget) => boolean;
};

/** The policy for data of a trial: every request is refused, and the refusal is on record. */
export const KEEP_TRIAL_RECORD: ErasurePolicy = {
  refusal: () => ({
    ground: 'trial-record',
    reason: 'Data of a clinical trial are retained as the law asks; the request is kept with this refusal.',
  }),
  mayApprove: () => false,
  mayApproveAlone: () => false,
};

/** What is asked for: a subject, by the name that `subjectOf` gives; or single values by stream, event and path. */
export type ErasureWish =
  | { readonly subject: string }
  | { readonly values: readonly { readonly stream: StreamId; readonly event: EventId; readonly path: string }[] };

/** Why nothing was recorded. */
export type ErasureRejection =
  /** No sealed value stands there, or nothing is sealed for the subject. */
  | 'no-such-value'
  | 'already-erased'
  /** The justification holds a value that is to be erased: it would stay in the log for ever. */
  | 'tells-value'
  /** There is no such request, or it was decided before. */
  | 'not-open'
  /** People have decided without knowing of each other: somebody has to refuse, which settles it. */
  | 'contested'
  /** The policy does not allow it. */
  | 'policy'
  /** The policy does not let this person approve, or not their own request. */
  | 'not-entitled'
  | 'same-person';

export type ErasureOutcome =
  | { readonly kind: 'requested' | 'approved'; readonly id: string }
  /** Recorded as refused. */
  | { readonly kind: 'refused'; readonly id: string; readonly ground: ErasureGround }
  | { readonly kind: 'rejected'; readonly why: ErasureRejection }
  /** The store did not take the event: without a justification, or another device was faster. */
  | { readonly kind: 'not-stored'; readonly outcome: SendOutcome };

const rejected = (why: ErasureRejection): ErasureOutcome => ({ kind: 'rejected', why });

/** Texts of which a justification could give one away: what is shorter is in many a sentence by chance. */
const TELLING_LENGTH_MIN = 3;

const textsOf = (value: unknown): readonly string[] => {
  if (isSealed(value) || value instanceof Uint8Array) return [];
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isRecord(value) ? Object.values(value).flatMap(textsOf) : [];
};

const plain = (text: string): string =>
  ` ${(
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).join(' ')} `;

/** True if a text holds one of the values, as whole words, whatever the case and the marks between them. */
const tellsValue = (text: string, places: readonly SealedPlaceAt[]): boolean => {
  const told = plain(text);
  return places
    .flatMap(({ opened }) => textsOf(opened))
    .map(plain)
    .some((value) => value.length >= TELLING_LENGTH_MIN + 2 && told.includes(value));
};

/** The sealed values that a wish or target names, as they stand here. Undefined if one of them is not there. */
const placesOf = async (store: Store, wish: ErasureWish): Promise<readonly SealedPlaceAt[] | undefined> => {
  if ('subject' in wish) {
    const places = (await store.sealedPlaces(wish)).filter(({ marking }) => marking?.key === 'subject');
    return places.length === 0 ? undefined : places;
  }
  const found: SealedPlaceAt[] = [];
  for (const { stream, event, path } of wish.values) {
    const places = await store.sealedPlaces({ stream });
    const place = places.find((each) => each.event === event && each.path === path);
    if (place === undefined) return undefined;
    found.push(place);
  }
  return found.length === 0 ? undefined : found;
};

const targetOf = (wish: ErasureWish, places: readonly SealedPlaceAt[]): ErasureRequestedPayload['target'] =>
  'subject' in wish
    ? { kind: 'subject', subject: wish.subject }
    : { kind: 'values', places: places.map(({ stream, event, path, key }) => ({ stream, event, path, key })) };

/** What is known of one erasure here. @throws StoreError `aggregate.unknown-type`, `storage.*` */
export const foldOf = async (store: Store, id: string): Promise<ErasureFold> =>
  foldErasure(await store.sealedEvents(erasureStream(id)));

type Decision =
  | { readonly type: 'ErasureRefused'; readonly by: string; readonly ground: ErasureGround }
  | { readonly type: 'ErasureApproved'; readonly by: string; readonly alone: boolean };

const decide = async (store: Store, id: string, event: Decision, options: SendOptions): Promise<ErasureOutcome> => {
  const outcome = await store.aggregate(Erasure, id).send(event, options);
  if (outcome.kind !== 'committed') return { kind: 'not-stored', outcome };
  return event.type === 'ErasureRefused' ? { kind: 'refused', id, ground: event.ground } : { kind: 'approved', id };
};

/**
 * Asks for an erasure. Where the policy does not allow it, the refusal is recorded at once.
 * @throws StoreError `append.invalid` beyond `LIMITS.erasedPlacesMax` values, `aggregate.unknown-type` if `Erasure` is not
 * registered, `storage.*`
 */
export const requestErasure = async (
  store: Store,
  policy: ErasurePolicy,
  request: { readonly what: ErasureWish; readonly justification: string; readonly clock?: Clock },
): Promise<ErasureOutcome> => {
  const { what, justification, clock = systemClock } = request;
  const places = await placesOf(store, what);
  if (places === undefined) return rejected('no-such-value');
  if (places.every(({ opened }) => isSealed(opened) && opened.$sealed === 'shredded'))
    return rejected('already-erased');
  if (tellsValue(justification, places)) return rejected('tells-value');
  const id: string = eventIds(clock, systemEntropy)();
  const by: string = store.actor().user;
  const target = targetOf(what, places);
  const event = { type: 'ErasureRequested', by, target } as const;
  const outcome = await store.aggregate(Erasure, id).send(event, { reason: justification });
  if (outcome.kind !== 'committed') return { kind: 'not-stored', outcome };
  const { course } = await foldOf(store, id);
  const refusal = course.target === undefined ? undefined : policy.refusal(course.target);
  if (refusal === undefined) return { kind: 'requested', id };
  return decide(store, id, { type: 'ErasureRefused', by, ground: refusal.ground }, { reason: refusal.reason });
};

/** Refuses what was asked for, or takes an approval back that was not carried out; settles contradicting decisions. */
export const refuseErasure = async (
  store: Store,
  refusal: { readonly id: string; readonly ground: ErasureGround; readonly justification: string },
): Promise<ErasureOutcome> => {
  const { id, ground, justification } = refusal;
  const { conflicts } = store.aggregate(Erasure, id).state();
  const resolves = conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  const { course } = await foldOf(store, id);
  if (!isOpen(course) && resolves.length === 0) return rejected('not-open');
  return decide(
    store,
    id,
    { type: 'ErasureRefused', by: store.actor().user, ground },
    { reason: justification, ...(resolves.length === 0 ? {} : { resolves }) },
  );
};

const isOpen = ({ state }: ErasureCourse): boolean => state === 'requested' || state === 'approved';

const wishOf = (target: ErasureTarget): ErasureWish =>
  target.kind === 'subject' ? { subject: target.subject } : { values: target.places };

/** Approves what another person has asked for; from then on devices destroy it, and nothing brings it back. */
export const approveErasure = async (
  store: Store,
  policy: ErasurePolicy,
  approval: { readonly id: string; readonly justification: string },
): Promise<ErasureOutcome> => {
  const { id, justification } = approval;
  const { course, contested } = await foldOf(store, id);
  const { target, requested, state } = course;
  if (target === undefined || requested === undefined || state !== 'requested') return rejected('not-open');
  if (contested) return rejected('contested');
  if (policy.refusal(target) !== undefined) return rejected('policy');
  const { user, role } = store.actor();
  if (!policy.mayApprove({ user: userId(user), role })) return rejected('not-entitled');
  const alone = user === requested.by;
  if (alone && !policy.mayApproveAlone(target)) return rejected('same-person');
  const places = (await placesOf(store, wishOf(target))) ?? [];
  if (tellsValue(justification, places)) return rejected('tells-value');
  return decide(store, id, { type: 'ErasureApproved', by: user, alone }, { reason: justification });
};
