/** A device for tests of the server: makes sealed commits of one replica, and speaks the wire contract. */
import type { Commit, Head } from '../../../src/core/commit.ts';
import { headAfter } from '../../../src/core/commit.ts';
import type { CommitContext, EventBody } from '../../../src/core/envelope.ts';
import { type EventId, eventId, eventType, readStreamId, tenantId, userId } from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import type { VersionVector } from '../../../src/core/versionVector.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { makeSigningKey, type SigningKey } from '../../../src/crypto/signer.ts';

export const TENANT = tenantId('acme-042');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const freshEventId = (): EventId => {
  const random = hex(crypto.getRandomValues(new Uint8Array(16)));
  return eventId(
    `${random.slice(0, 8)}-${random.slice(8, 12)}-7${random.slice(13, 16)}-8${random.slice(17, 20)}-${random.slice(20)}`,
  );
};

export type EventChange = Partial<Pick<EventBody, 'id' | 'payload' | 'stream'>> & {
  readonly basis?: VersionVector;
  readonly type?: string;
};

export type Device = Awaited<ReturnType<typeof makeDevice>>;

/** A replica that seals commits one after the other. `key`: that of another device, to stand for its clone. */
export const makeDevice = async (
  options: { readonly tenant?: string; readonly key?: SigningKey; readonly head?: Head; readonly user?: string } = {},
) => {
  const tenant = tenantId(options.tenant ?? TENANT);
  const key = options.key ?? (await makeSigningKey());
  const replica = replicaIdOf(key.publicKey);
  let head: Head = options.head ?? emptyHead(replica, tenant);
  const context: CommitContext = {
    format: 1,
    tenant,
    replica,
    actor: { user: userId(options.user ?? 'nurse-1'), role: 'site' },
    recordedAt: { utc: '2026-11-22T10:00:00.000Z', offsetMin: 60, zone: 'Europe/Berlin', uptimeMs: 5 },
    receipt: null,
    software: { store: '0.1.0', registry: 'none' },
  };
  const bodyAt = (at: number, change: EventChange): EventBody => ({
    id: change.id ?? freshEventId(),
    stream: change.stream ?? readStreamId('visit/subject-1/visit-1'),
    type: eventType(change.type ?? 'ItemRecorded'),
    schema: 1,
    sequence: sequence(head.sequence + 1 + at),
    basis: change.basis ?? {},
    payload: change.payload ?? { item: 'BP.SYS', value: 120 + at },
  });
  /** Seals without moving the head. */
  const draft = async (changes: readonly EventChange[]): Promise<Commit> => {
    const events = changes.map((change, at) => encodeEvent(bodyAt(at, change)));
    const first = sequence(head.sequence + 1);
    return signCommit(key, prepareCommit({ key, context: sealContext(context), first, previous: head.link, events }));
  };
  /** Seals and moves the head. */
  const seal = async (...changes: readonly EventChange[]): Promise<Commit> => {
    const commit = await draft(changes.length === 0 ? [{}] : changes);
    head = headAfter(commit);
    return commit;
  };
  /** Seals `count` commits of `events` events each. */
  const sealMany = async (count: number, events = 1): Promise<readonly Commit[]> => {
    const commits: Commit[] = [];
    for (let at = 0; at < count; at++) commits.push(await seal(...Array.from({ length: events }, () => ({}))));
    return commits;
  };
  return { tenant, key, replica, draft, seal, sealMany, head: () => head };
};

export const bytesOf = (commits: readonly Commit[]): readonly Uint8Array[] => commits.map(({ bytes }) => bytes);
