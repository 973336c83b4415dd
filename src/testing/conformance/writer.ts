/** Real commits for the laws of storage: sealed, chained and signed. */
import type { Head } from '../../core/commit.ts';
import { headAfter } from '../../core/commit.ts';
import type { CommitContext, EventBody } from '../../core/envelope.ts';
import { aggregateId, aggregateType, eventId, eventType, streamId, tenantId, userId } from '../../core/ids.ts';
import { type Size, sequence } from '../../core/position.ts';
import { emptyHead, replicaIdOf } from '../../crypto/chain.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../crypto/sealCommit.ts';
import { makeSigningKey, type SigningKey } from '../../crypto/signer.ts';
import type { CommitBytes, EventStorage, Identity } from '../../storage/port.ts';
import { holds } from './check.ts';

export const TENANT = tenantId('acme-042');
const STREAM = streamId(aggregateType('form'), aggregateId('subject-17/visit-1'));
const CREATED_AT = '2026-01-01T00:00:00.000Z';

let made = 0;
const nextEventId = () => eventId(`01890000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`);

/** A replica that seals one commit after the other, each continuing its chain. */
export type Writer = {
  readonly identity: Identity;
  /** Seals a commit of so many events, with a filler of so many characters in each. */
  readonly seal: (events?: number, filler?: number) => Promise<CommitBytes>;
};

const contextOf = (identity: Identity): CommitContext => ({
  format: 1,
  tenant: TENANT,
  replica: identity.replica,
  actor: { user: userId('u-1'), role: 'investigator' },
  recordedAt: { utc: CREATED_AT, offsetMin: 60, zone: 'Europe/Berlin', uptimeMs: 1 },
  receipt: null,
  software: { store: '0.1.0', registry: 'r1' },
});

const bodyOf = (at: number, filler: number): EventBody => ({
  id: nextEventId(),
  stream: STREAM,
  type: eventType('ItemRecorded'),
  schema: 1,
  sequence: sequence(at),
  basis: {},
  payload: { item: 'BP.SYS', value: 'x'.repeat(filler) },
});

export const identityWith = async (makeKey: () => Promise<SigningKey>): Promise<Identity> => {
  const key = await makeKey();
  return { tenant: TENANT, replica: replicaIdOf(key.publicKey), key, createdAt: CREATED_AT };
};

export const makeIdentity = (): Promise<Identity> => identityWith(makeSigningKey);

/** Begins at the first sequence of the replica. */
export const writerFor = (identity: Identity): Writer => {
  const context = sealContext(contextOf(identity));
  let head: Head = emptyHead(identity.replica, TENANT);
  return {
    identity,
    seal: async (events = 1, filler = 8) => {
      const first = sequence(head.sequence + 1);
      const encoded = Array.from({ length: events }, (_, at) => encodeEvent(bodyOf(first + at, filler)));
      const prepared = prepareCommit({ key: identity.key, context, first, previous: head.link, events: encoded });
      head = headAfter(prepared);
      return { bytes: (await signCommit(identity.key, prepared)).bytes, events };
    },
  };
};

export const makeWriter = async (): Promise<Writer> => writerFor(await makeIdentity());

/**
 * Appends commits of a replica of its own, as fast as it can, against whoever else does. Each commit is sealed once and
 * brought again until its turn comes. Gives the sizes at which it won.
 */
export const race = async (
  storage: EventStorage,
  appends: number,
  onWon: (expectedSize: Size) => void = () => {},
  known?: Writer,
): Promise<readonly Size[]> => {
  const writer = known ?? (await makeWriter());
  const won: Size[] = [];
  let expectedSize = await storage.size();
  while (won.length < appends) {
    const commits = [await writer.seal(1 + (won.length % 3))];
    for (let attempts = 0; ; attempts++) {
      holds(attempts < 2_000, 'an append that is repeated with the newest size is stored in the end');
      const outcome = await storage.append({ expectedSize, commits, marks: {} });
      if (outcome.kind === 'appended') {
        won.push(expectedSize);
        onWon(expectedSize);
        expectedSize = outcome.size;
        break;
      }
      expectedSize = await storage.size();
    }
  }
  return won;
};
