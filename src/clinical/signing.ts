/**
 * Signing, counter-signing and withdrawing: gathers what was shown, checks that the signer may sign it, asks for the components,
 * signs, and records. Nothing is recorded unless every check holds.
 */
import type { AggregateDefinition } from '../core/aggregate.ts';
import { StoreError } from '../core/errors.ts';
import {
  aggregateId,
  type EventType,
  eventType,
  type PublicKey32,
  type StreamId,
  streamId,
  type UserId,
} from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import { eventIds } from '../core/uuid.ts';
import { toBase64, toHex32 } from '../crypto/bytes.ts';
import { type Act, type ActContent, actMessage, type SignedStream, statementHash } from '../crypto/signedAct.ts';
import { type HashedEvent, hasSeen } from '../crypto/signerEvents.ts';
import type { SignerKey } from '../crypto/signerHistory.ts';
import { signingKeyId } from '../crypto/signerKey.ts';
import { type ActPayload, ElectronicSignature, Signer } from '../machines/clinical/index.ts';
import { systemClock, systemEntropy } from '../store/platform.ts';
import type { SealedEvent } from '../store/sealedEvents.ts';
import type { CommitEntry, SendOptions, SendOutcome, Store } from '../store/types.ts';
import { signersOf } from './signers.ts';
import type { Components, SigningSession } from './signingSession.ts';

/** A record that was shown to be signed. */
export type ShownRecord = {
  /** Its aggregate. */
  readonly of: AggregateDefinition;
  readonly id: string;
  /** Number of its events when it was shown (`AggregateSnapshot.version`): another number now is another record. */
  readonly version: number;
  /** Event types that change no data: they may follow without touching the signature. None: `[]`. */
  readonly statusTypes: readonly string[];
};

export type ActInput<Secret> = {
  readonly session: SigningSession<Secret>;
  readonly components: Components<Secret>;
  /** What the signature means: one of `MEANINGS`, or as configured. */
  readonly meaning: string;
  /** The statement as it was shown. */
  readonly statement: string;
  /** True if signers without a filed proof of identity may not sign. */
  readonly identityRequired: boolean;
  /** The device's clock if absent. */
  readonly clock?: Clock;
};

/** Why an act was not made. Nothing was recorded. */
export type ActRefusal =
  /** All components are needed: the session is closed. */
  | 'all-needed'
  /** Whoever signs is not whom the store records as acting. */
  | 'not-the-actor'
  | 'not-enrolled'
  | 'not-accountable'
  | 'deactivated'
  /** The id was enrolled at two places: a person has to decide first. */
  | 'contested'
  | 'identity-missing'
  /** The key is neither the one in force nor one that this signer has proposed. */
  | 'other-key'
  /** A record holds a conflict, or something that cannot be read here. */
  | 'undecided'
  /** A record is not the one that was shown. */
  | 'changed';

export type ActOutcome =
  /** Recorded. `id`: of the signature. */
  | { readonly kind: 'signed'; readonly id: string; readonly outcome: SendOutcome & { readonly kind: 'committed' } }
  | { readonly kind: 'refused'; readonly why: ActRefusal; readonly record?: StreamId }
  /** The signature's aggregate does not take the act in its state, or a reason is missing. */
  | { readonly kind: 'not-stored'; readonly outcome: SendOutcome };

type Refused = Extract<ActOutcome, { readonly kind: 'refused' }>;
type Account = { readonly key: SignerKey; readonly confirmed: HashedEvent };

const refused = (why: ActRefusal, record?: StreamId): Refused => ({
  kind: 'refused',
  why,
  ...(record === undefined ? {} : { record }),
});

/** The events of a stream as a signature names them. */
const signedStream = (
  stream: StreamId,
  statusTypes: readonly EventType[],
  events: readonly SealedEvent[],
): SignedStream => {
  const replicas = [...new Set(events.map(({ context }) => context.replica))].sort();
  const runs = replicas.map((replica) => {
    const own = events.filter(({ context }) => context.replica === replica);
    own.sort((a, b) => a.body.sequence - b.body.sequence);
    return {
      replica,
      sequences: own.map(({ body }) => body.sequence),
      leaves: own.map(({ leaf }) => toBase64(leaf)),
    };
  });
  return { stream, statusTypes: [...new Set(statusTypes)].sort(), runs };
};

const gatherRecord = async (store: Store, record: ShownRecord): Promise<SignedStream | Refused> => {
  const stream = streamId(record.of.type, aggregateId(record.id));
  const events = await store.sealedEvents(stream);
  const { conflicts, readOnly, damaged, version } = store.aggregate(record.of, record.id).state();
  if (version !== record.version) return refused('changed', stream);
  if (readOnly || damaged || conflicts.length > 0 || events.length !== version) return refused('undecided', stream);
  return signedStream(stream, record.statusTypes.map(eventType), events);
};

const isRefused = <T>(value: T | Refused): value is Refused =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused';

/** @throws StoreError `append.too-large` if one signature cannot cover them */
const gather = async (store: Store, records: readonly ShownRecord[]): Promise<readonly SignedStream[] | Refused> => {
  const gathered: SignedStream[] = [];
  for (const record of records) {
    const found = await gatherRecord(store, record);
    if (isRefused(found)) return found;
    gathered.push(found);
  }
  const events = gathered.reduce((total, { runs }) => total + runs.reduce((sum, run) => sum + run.leaves.length, 0), 0);
  if (events > LIMITS.signedEventsMax || gathered.length > LIMITS.signedStreamsMax)
    throw new StoreError('append.too-large', { what: 'signed events', events, eventsMax: LIMITS.signedEventsMax });
  return gathered.sort((a, b) => (a.stream < b.stream ? -1 : 1));
};

/** A key with which somebody may sign, and the confirmation given for it; `undefined` where none was. */
type Candidate = { readonly key: SignerKey; readonly confirmed: HashedEvent | undefined };

const refusalFor = ({ key, confirmed }: Candidate, identityRequired: boolean): Refused | undefined => {
  if (key.contested) return refused('contested');
  if (confirmed === undefined) return refused('not-accountable');
  return identityRequired && key.enrolled.identity === null ? refused('identity-missing') : undefined;
};

/** The keys with which a signer may sign: the one in force, and those that they have proposed. */
const candidatesOf = async (
  store: Store,
  signer: UserId,
  identityRequired: boolean,
): Promise<readonly Candidate[] | Refused> => {
  const { value, conflicts } = store.aggregate(Signer, signer).state();
  if (value === 'unknown') return refused('not-enrolled');
  if (conflicts.length > 0) return refused('contested');
  if (value === 'deactivated') return refused('deactivated');
  const { keys, confirmations } = await (await signersOf(store))(signer);
  const inForce = keys.findLast(({ sound }) => sound);
  if (inForce === undefined) return refused('not-enrolled');
  const found = [inForce, ...keys.filter(({ unendorsed }) => unendorsed)].map((key) => ({
    ...{ key, confirmed: confirmations.findLast((event) => hasSeen(event, key.event)) },
  }));
  const refusals = found.map((each) => refusalFor(each, identityRequired));
  return refusals.includes(undefined) ? found : (refusals[0] ?? refused('not-enrolled'));
};

/** The key that was proven and the confirmation that its next act rests on. */
const accountOf = (
  candidates: readonly Candidate[],
  publicKey: PublicKey32,
  identityRequired: boolean,
): Account | Refused => {
  const id = signingKeyId(publicKey);
  const found = candidates.find(({ key }) => key.id === id);
  if (found === undefined) return refused('other-key');
  const refusal = refusalFor(found, identityRequired);
  const { key, confirmed } = found;
  return refusal ?? (confirmed === undefined ? refused('not-accountable') : { key, confirmed });
};

/** What is recorded in one commit with an act, by the id of the signature. */
export type Also = (signature: string) => readonly CommitEntry[];

type Prepared = {
  readonly act: Act;
  readonly id: string;
  readonly records: readonly SignedStream[];
  readonly options: SendOptions;
  readonly also?: Also;
};

const payloadOf = (content: ActContent, signature: Uint8Array): ActPayload => ({
  ...content,
  at: { ...content.at },
  records: content.records.map(({ stream, statusTypes, runs }) => ({
    stream,
    statusTypes: [...statusTypes],
    runs: runs.map(({ replica, sequences, leaves }) => ({
      ...{ replica, sequences: [...sequences], leaves: [...leaves] },
    })),
  })),
  signature: toBase64(signature),
});

const momentOf = (clock: Clock): ActContent['at'] => {
  const nowMs = clock.nowMs();
  const { offsetMin, name } = clock.zone(nowMs);
  return { utc: new Date(nowMs).toISOString(), offsetMin, zone: name };
};

/** Checks the signer, asks for the components, signs and records. */
const perform = async <Secret>(store: Store, input: ActInput<Secret>, prepared: Prepared): Promise<ActOutcome> => {
  const { session, components, meaning, statement, clock = systemClock } = input;
  const { act, id, records, options } = prepared;
  const signer = session.signerOf(components);
  if (signer === undefined) return refused('all-needed');
  if (store.actor().user !== signer) return refused('not-the-actor');
  const candidates = await candidatesOf(store, signer, input.identityRequired);
  if (isRefused(candidates)) return candidates;
  const proven = await session.prove(components);
  if (proven.kind === 'all-needed') return refused('all-needed');
  if (proven.user !== signer) return refused('other-key');
  const account = accountOf(candidates, proven.hand.publicKey, input.identityRequired);
  if (isRefused(account)) return account;
  const { key, confirmed } = account;
  const content: ActContent = {
    ...{ signer, printedName: key.enrolled.printedName, meaning, at: momentOf(clock) },
    ...{ statement: toHex32(statementHash(statement)), records, key: key.id },
    ...{ enrolled: toHex32(key.event.leaf), confirmed: toHex32(confirmed.leaf) },
  };
  const stream = streamId(ElectronicSignature.type, aggregateId(id));
  const signature = await proven.hand.sign(actMessage({ act, tenant: store.tenant, stream }, content));
  const event = { type: act, ...payloadOf(content, signature) };
  const entry = store.aggregate(ElectronicSignature, id).entry(event, options);
  return recordedAs(id, await store.commit([entry, ...(prepared.also?.(id) ?? [])]));
};

/** What became of an act and what was to be recorded with it: where one of them is not stored, none is. */
const recordedAs = (id: string, outcomes: readonly SendOutcome[]): ActOutcome => {
  const [outcome] = outcomes;
  if (outcome === undefined) throw new StoreError('invariant.broken', { rule: 'each draft has an outcome' });
  if (outcome.kind === 'committed') return { kind: 'signed', id, outcome };
  const isCause = (each: SendOutcome) => each.kind !== 'refused' || each.why !== 'with-others';
  const cause = outcomes.find(isCause) ?? outcome;
  return cause.kind === 'conflict' ? refused('changed') : { kind: 'not-stored', outcome: cause };
};

/**
 * Signs records as they were shown: every event that each of them has, and the statement. The first signing of a session
 * needs id and secret, later ones the secret. `also` is recorded in the same commit: a record that names its signature says so as
 * soon as there is one, and never without it.
 * @throws StoreError `append.too-large` beyond `LIMITS.signedEventsMax` events, `append.invalid`, `storage.*`; what the
 * session's `authenticate` throws for components that are not right
 */
export const signRecords = async <Secret>(
  store: Store,
  input: ActInput<Secret> & { readonly records: readonly ShownRecord[]; readonly also?: Also },
): Promise<ActOutcome> => {
  const { also } = input;
  const records = await gather(store, input.records);
  if (isRefused(records)) return records;
  const id: string = eventIds(input.clock ?? systemClock, systemEntropy)();
  return perform(store, input, {
    ...{ act: 'Signed', id, records, options: {} },
    ...(also === undefined ? {} : { also }),
  });
};

/** The signature as a record of its own: what a counter-signature or withdrawal is about. */
const signatureRecord = (store: Store, id: string): ShownRecord => ({
  ...{ of: ElectronicSignature, id, version: store.aggregate(ElectronicSignature, id).state().version },
  statusTypes: [],
});

/** Signs the records that another has signed, and that signature with them. @throws as `signRecords` */
export const counterSign = async <Secret>(
  store: Store,
  input: ActInput<Secret> & { readonly signature: string; readonly records: readonly ShownRecord[] },
): Promise<ActOutcome> => {
  const records = await gather(store, [...input.records, signatureRecord(store, input.signature)]);
  if (isRefused(records)) return records;
  return perform(store, input, { act: 'CounterSigned', id: input.signature, records, options: {} });
};

/** Withdraws one's own signature, which stays to be seen. @throws as `signRecords` */
export const withdrawSignature = async <Secret>(
  store: Store,
  input: ActInput<Secret> & { readonly signature: string; readonly reason: string },
): Promise<ActOutcome> => {
  const { signature, reason } = input;
  const records = await gather(store, [signatureRecord(store, signature)]);
  if (isRefused(records)) return records;
  return perform(store, input, { act: 'SignatureWithdrawn', id: signature, records, options: { reason } });
};
