/** Erasing what is sealed of a subject: what this app allows, how it is asked for and decided, and what became of it, in words. */
import {
  approveErasure,
  type ErasureGround,
  type ErasureOutcome,
  type ErasurePolicy,
  type ErasureRejection,
  type ErasureShown,
  KEEP_TRIAL_RECORD,
  refuseErasure,
  requestErasure,
} from '../../src/clinical.ts';
import { isSealed } from '../../src/index.ts';
import type { Device } from './device.ts';
import { outcomeText } from './outcome.ts';
import { Person } from './person.ts';

/**
 * Data of the trial are kept: a request for a whole subject is refused, on record. A single wrong name goes if a second person
 * approves. Each device goes by this before it destroys anything.
 */
export const POLICY: ErasurePolicy = {
  refusal: (target) => (target.kind === 'values' ? undefined : KEEP_TRIAL_RECORD.refusal(target)),
  mayApprove: () => true,
  mayApproveAlone: () => false,
};

/** A name that was recorded of a subject and can still be erased. */
export type RecordedName = { readonly event: string; readonly text: string | undefined };

type Place = Awaited<ReturnType<Device['store']['sealedPlaces']>>[number];

const namePlaces = async ({ store }: Device, subject: string): Promise<readonly Place[]> => {
  const places = await store.sealedPlaces({ subject });
  return places.filter(
    ({ stream, opened }) =>
      stream.startsWith(`${Person.type}/`) && !(isSealed(opened) && opened.$sealed === 'shredded'),
  );
};

/** Newest last. @throws StoreError `storage.*` */
export const recordedNames = async (device: Device, subject: string): Promise<readonly RecordedName[]> =>
  (await namePlaces(device, subject)).map(({ event, opened }) => ({
    event,
    text: typeof opened === 'string' ? opened : undefined,
  }));

export type ErasureRequest = {
  readonly subject: string;
  /** Id of the event that holds the wrong name; undefined for everything that is sealed of the subject. */
  readonly event: string | undefined;
  readonly justification: string;
};

/** @throws StoreError as `requestErasure` */
export const askToErase = async (device: Device, request: ErasureRequest): Promise<ErasureOutcome> => {
  const { subject, event, justification } = request;
  if (event === undefined) return requestErasure(device.store, POLICY, { what: { subject }, justification });
  const values = (await namePlaces(device, subject)).filter((place) => place.event === event);
  return requestErasure(device.store, POLICY, { what: { values }, justification });
};

export type Decision =
  | { readonly kind: 'approve'; readonly justification: string }
  | { readonly kind: 'refuse'; readonly ground: ErasureGround; readonly justification: string };

/** @throws StoreError as `approveErasure` */
export const decideErasure = ({ store }: Device, id: string, decision: Decision): Promise<ErasureOutcome> => {
  const { justification } = decision;
  if (decision.kind === 'approve') return approveErasure(store, POLICY, { id, justification });
  return refuseErasure(store, { id, ground: decision.ground, justification });
};

export const GROUND_TEXT: Readonly<Record<ErasureGround, string>> = {
  'trial-record': 'data of the trial, kept as the law asks',
  'legal-hold': 'kept as evidence',
  'not-entitled': 'whoever asks may not ask for it',
  'not-identified': 'it is not clear whose or which data are meant',
  other: 'another ground',
};

const REJECTED: Readonly<Record<ErasureRejection, string>> = {
  'no-such-value': 'Nothing sealed is recorded there',
  'already-erased': 'It was erased before',
  'tells-value': 'The justification tells the value, and would keep it for ever. Word it without',
  'not-open': 'It was decided before',
  contested: 'Two people have decided without knowing of each other. Refuse it, and ask anew',
  policy: 'The rules of this study do not allow it',
  'not-entitled': 'You may not approve this',
  'same-person': 'Somebody else has to approve what you have asked for',
};

/** What became of a request or a decision. */
export const erasureText = (outcome: ErasureOutcome): { readonly text: string; readonly isGood: boolean } => {
  if (outcome.kind === 'not-stored') return outcomeText(outcome.outcome);
  if (outcome.kind === 'rejected') return { text: `${REJECTED[outcome.why]}. Nothing was recorded.`, isGood: false };
  if (outcome.kind === 'refused') return { text: `Refused, on record: ${GROUND_TEXT[outcome.ground]}.`, isGood: true };
  return outcome.kind === 'requested'
    ? { text: 'Asked for. Another person has to approve it.', isGood: true }
    : { text: 'Approved. Each device destroys its copy of the key.', isGood: true };
};

export const ERASURE_STATE: Readonly<Record<ErasureShown['state'], string>> = {
  requested: 'Asked for',
  refused: 'Refused',
  approved: 'Approved',
  carriedOut: 'Erased',
};

/** What is to be erased, without telling it. */
export const targetText = ({ target }: Pick<ErasureShown, 'target'>): string => {
  if (target === undefined) return 'Unknown';
  if (target.kind === 'subject') return `Everything sealed of subject ${target.subject}`;
  const subjects = [...new Set(target.places.map(({ stream }) => stream.slice(stream.indexOf('/') + 1)))];
  return `${target.places.length === 1 ? 'One name' : `${target.places.length} names`} of subject ${subjects.join(', ')}`;
};
