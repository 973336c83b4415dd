/**
 * The signatures of records, ready to be shown and printed: every part that 21 CFR 11.50 asks for, and the state of each,
 * computed from the events held by the code by which an auditor verifies an export.
 */
import { filter, merge, type Observable, switchMap, tap } from 'rxjs';
import {
  aggregateId,
  type EventId,
  type ReplicaId,
  type StreamId,
  streamId,
  streamParts,
  type UserId,
} from '../core/ids.ts';
import { type ActCheck, checkAct, type ReadAct, readAct, type SignatureState, stateOf } from '../crypto/checkAct.ts';
import { type Act, type SignedAt, type SignedStream, signedAtText, signedEvents } from '../crypto/signedAct.ts';
import type { Voucher } from '../crypto/signerHistory.ts';
import { ElectronicSignature, Signer } from '../machines/clinical/index.ts';
import { defineView } from '../projections/view.ts';
import type { SealedEvent } from '../store/sealedEvents.ts';
import type { Store } from '../store/types.ts';
import { signersOf } from './signers.ts';
import type { ShownRecord } from './signing.ts';

/** The view by which signatures are found: register it, `ElectronicSignature` and `Signer` with the store. */
export const SignatureIndex = defineView({
  name: 'electronic-signatures',
  of: ElectronicSignature,
  row: ({ id, value, context, version }) => ({
    id: String(id),
    streams: context.streams,
    state: String(value),
    version,
  }),
});

/** An event that came into a signed record and changes data, and that the signature does not cover. */
export type LaterEvent = {
  readonly eventId: EventId;
  readonly stream: StreamId;
  readonly type: string;
  readonly by: UserId;
  /** Device time of the event, RFC 3339 UTC. */
  readonly recordedAt: string;
};

/** One act of signing, as it is to be shown wherever the record is. */
export type SignatureManifest = {
  /** Id of the signature; its acts share it. */
  readonly id: string;
  readonly act: Act;
  readonly signer: UserId;
  readonly printedName: string;
  readonly meaning: string;
  readonly at: SignedAt;
  /** The time as people read it: local time, offset and zone. */
  readonly atText: string;
  readonly streams: readonly StreamId[];
  readonly state: SignatureState;
  /** What does not hold, if the state is `invalid`: codes, as of a verification. */
  readonly faults: readonly string[];
  readonly later: readonly LaterEvent[];
  /** True if the records changed and this signer has not signed them again with the same meaning. */
  readonly signAgain: boolean;
  /** True if the key's force ended on another device, and nothing shows whether before or after. */
  readonly keyEnded: boolean;
  /** Whose word for the signer's new key holds; none for a first one. */
  readonly endorsedBy: readonly Voucher[];
  /** Reason for change: of a withdrawal. */
  readonly reason: string | undefined;
};

type Held = ReadonlyMap<StreamId, readonly SealedEvent[]>;
type Acted = Extract<ReadAct, { readonly kind: 'act' }>;
type Weighed = { readonly read: Acted; readonly check: ActCheck };

const placeOf = (replica: ReplicaId, sequence: number): string => `${replica}/${sequence}`;

const laterIn = (record: SignedStream, events: readonly SealedEvent[]): readonly LaterEvent[] => {
  const signed = new Set(signedEvents(record).map(({ replica, sequence }) => placeOf(replica, sequence)));
  const status = new Set<string>(record.statusTypes);
  const found = events.filter(
    ({ body, context }) => !status.has(body.type) && !signed.has(placeOf(context.replica, body.sequence)),
  );
  return found.map(({ body, context }) => ({
    ...{ eventId: body.id, stream: body.stream, type: body.type, by: context.actor.user },
    recordedAt: context.recordedAt.utc,
  }));
};

const hold = async (store: Store, streams: Iterable<StreamId>): Promise<Held> => {
  const held = new Map<StreamId, readonly SealedEvent[]>();
  for (const stream of streams) held.set(stream, await store.sealedEvents(stream));
  return held;
};

const manifestOf = ({ read, check }: Weighed, weighed: readonly Weighed[], held: Held): SignatureManifest => {
  const { event, act, content } = read;
  const { signer, printedName, meaning, at, records } = content;
  const { stream } = event.body;
  const faulty = check.faults.length > 0;
  const signedRecords = records.filter((record) => record.stream !== stream);
  const later = faulty ? [] : signedRecords.flatMap((record) => laterIn(record, held.get(record.stream) ?? []));
  const withdrawn =
    act === 'Signed' &&
    weighed.some(
      ({ read: other, check: { faults, contested } }) =>
        other.act === 'SignatureWithdrawn' && other.event.body.stream === stream && faults.length === 0 && !contested,
    );
  return {
    ...{ id: streamParts(stream).id, act, signer, printedName, meaning, at, atText: signedAtText(at) },
    streams: signedRecords.map((record) => record.stream),
    state: stateOf({
      ...{ faulty, contested: check.contested, withdrawn, unendorsed: check.unendorsed, later: later.length },
    }),
    faults: check.faults.map(({ code }) => code),
    ...{ later, signAgain: false, keyEnded: check.keyEnded, endorsedBy: check.key?.vouchers ?? [] },
    reason: event.body.reason,
  };
};

/** Asks to sign again where nobody has: the same signer, with the same meaning, over at least the same records. */
const withQuestion = (manifests: readonly SignatureManifest[]): readonly SignatureManifest[] =>
  manifests.map((manifest) => {
    const isMended = manifests.some(
      ({ signer, meaning, state, later, streams }) =>
        signer === manifest.signer &&
        meaning === manifest.meaning &&
        (state === 'intact' || (state === 'unendorsed' && later.length === 0)) &&
        manifest.streams.every((stream) => streams.includes(stream)),
    );
    const { state, later } = manifest;
    const isChanged = state === 'changed-since' || (state === 'unendorsed' && later.length > 0);
    return { ...manifest, signAgain: isChanged && !isMended };
  });

const findIn = (held: Held) => {
  const places = new Map<string, SealedEvent>();
  for (const events of held.values())
    for (const event of events) places.set(placeOf(event.context.replica, event.body.sequence), event);
  return ({ replica, sequence }: { readonly replica: ReplicaId; readonly sequence: number }) => {
    const event = places.get(placeOf(replica, sequence));
    return event === undefined ? undefined : { leaf: event.leaf, stream: event.body.stream };
  };
};

/** A record by its aggregate. */
export type RecordOf = Pick<ShownRecord, 'of' | 'id'>;

const streamOf = ({ of, id }: RecordOf): StreamId => streamId(of.type, aggregateId(id));

/**
 * Every act of signing over any of the records, in the order of this device's log, with its state now. Acts that cannot be read are left out here;
 * `store.verify()` names them.
 * @throws StoreError `aggregate.unknown-type` if `SignatureIndex`, its aggregates or those signed are not registered; `storage.*`
 */
export const signaturesOf = async (
  store: Store,
  records: readonly RecordOf[],
): Promise<readonly SignatureManifest[]> => {
  const wanted = new Set<string>(records.map(streamOf));
  const rows = store.view(SignatureIndex).rows();
  const ids = rows.filter((row) => row.streams.some((stream) => wanted.has(stream))).map(({ id }) => id);
  const stored = await Promise.all(ids.map((id) => store.sealedEvents(streamOf({ of: ElectronicSignature, id }))));
  const inOrder = stored.flat().sort((a, b) => a.position - b.position);
  const acts = inOrder.flatMap((event) => {
    const read = readAct(event);
    return read.kind === 'act' ? [read] : [];
  });
  const named = new Set(acts.flatMap(({ content }) => content.records.map(({ stream }) => stream)));
  const held = await hold(store, named);
  const evidence = {
    tenant: store.tenant,
    signer: await signersOf(store),
    find: findIn(held),
    signed: (stream: StreamId) =>
      acts
        .filter(({ act, event }) => act === 'Signed' && event.body.stream === stream)
        .map(({ event, content }) => ({ leaf: event.leaf, signer: content.signer })),
  };
  const weighed = await Promise.all(acts.map(async (read) => ({ read, check: await checkAct(read, evidence) })));
  return withQuestion(weighed.map((each) => manifestOf(each, weighed, held)));
};

/** As `signaturesOf`, now and again whenever it may have changed: signatures, signers, or any record that was signed with these. */
export const watchSignatures = (
  store: Store,
  records: readonly RecordOf[],
): Observable<readonly SignatureManifest[]> => {
  const types: readonly string[] = [ElectronicSignature.type, Signer.type];
  let signed = new Set<StreamId>(records.map(streamOf));
  const changed$ = store.committed$.pipe(
    filter(({ events }) =>
      events.some(({ body }) => signed.has(body.stream) || types.includes(streamParts(body.stream).type)),
    ),
  );
  return merge(store.view(SignatureIndex).rows$, changed$).pipe(
    switchMap(() => signaturesOf(store, records)),
    tap((found) => {
      signed = new Set([...records.map(streamOf), ...found.flatMap(({ streams }) => streams)]);
    }),
  );
};
