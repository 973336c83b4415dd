/** A log with signers and signatures, written event by event, for tests of the verifier. Whoever writes has a replica's key. */
import { type Commit, type Head, headAfter } from '../../../src/core/commit.ts';
import {
  aggregateId,
  aggregateType,
  eventId,
  eventType,
  type StreamId,
  streamId,
  type TenantId,
  userId,
} from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { type Sequence, sequence } from '../../../src/core/position.ts';
import { toBase64, toHex32 } from '../../../src/crypto/bytes.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../../src/crypto/sealCommit.ts';
import { type Act, type ActContent, type SignedStream, statementHash } from '../../../src/crypto/signedAct.ts';
import type { SigningKey } from '../../../src/crypto/signer.ts';
import { type HashedEvent, signerStream } from '../../../src/crypto/signerEvents.ts';
import { verifyLog } from '../../../src/verify/index.ts';
import { at, contextOf, TENANT } from '../support.ts';
import { actOf, enrolment, keyIdOf, type Person, STATEMENT } from './people.ts';

export const streamOf = (type: string, id: string): StreamId => streamId(aggregateType(type), aggregateId(id));
export const FORM = streamOf('form', 'subject-17/visit-1');
export const OTHER_FORM = streamOf('form', 'subject-18/visit-1');
const LOCKS = [eventType('FormLocked'), eventType('FormUnlocked')];

export type Draft = {
  readonly stream: StreamId;
  readonly type: string;
  readonly payload?: JsonObject;
  /** What the author had seen of the stream. */
  readonly seen?: readonly HashedEvent[];
  readonly actor?: string;
};

const basisOf = (seen: readonly HashedEvent[]): Record<string, Sequence> => {
  const basis: Record<string, Sequence> = {};
  for (const { context, body } of seen)
    basis[context.replica] = sequence(Math.max(basis[context.replica] ?? 0, body.sequence));
  return basis;
};

/** The records of a signature over the given events. */
export const recordsOf = (events: readonly HashedEvent[], statusTypes = LOCKS): readonly SignedStream[] => {
  const streams = [...new Set(events.map(({ body }) => body.stream))].sort();
  return streams.map((stream) => {
    const own = events.filter(({ body }) => body.stream === stream);
    const replicas = [...new Set(own.map(({ context }) => context.replica))].sort();
    const runs = replicas.map((replica) => {
      const run = own.filter(({ context }) => context.replica === replica);
      run.sort((a, b) => a.body.sequence - b.body.sequence);
      return {
        replica,
        sequences: run.map(({ body }) => body.sequence),
        leaves: run.map(({ leaf }) => toBase64(leaf)),
      };
    });
    return { stream, statusTypes: [...statusTypes], runs };
  });
};

export type Account = { readonly enrolled: HashedEvent; readonly confirmed: HashedEvent };

/** What a person signs: the given events, by the key that the account names. */
export const contentOf = (person: Person, account: Account, events: readonly HashedEvent[]): ActContent => ({
  signer: person.id,
  printedName: person.printedName,
  meaning: 'approved',
  at: { utc: '2026-03-01T10:15:30.250Z', offsetMin: 60, zone: 'Europe/Vienna' },
  statement: toHex32(statementHash('I approve this visit.')),
  records: recordsOf(events),
  key: keyIdOf(person),
  enrolled: toHex32(account.enrolled.leaf),
  confirmed: toHex32(account.confirmed.leaf),
});

/** An empty log of one tenant. */
export const openWorld = (tenant: TenantId = TENANT) => {
  const commits: Commit[] = [];
  const heads = new Map<string, Head>();
  let ids = 0;
  const write = async (key: SigningKey, draft: Draft): Promise<HashedEvent> => {
    const replica = replicaIdOf(key.publicKey);
    const head = heads.get(replica) ?? emptyHead(replica, tenant);
    ids += 1;
    const body = {
      id: eventId(`019500a0-0000-7000-8000-${ids.toString(16).padStart(12, '0')}`),
      stream: draft.stream,
      type: eventType(draft.type),
      schema: 1,
      sequence: sequence(head.sequence + 1),
      basis: basisOf(draft.seen ?? []),
      payload: draft.payload ?? {},
    };
    const actor = { user: userId(draft.actor ?? 'coordinator-3'), role: 'staff' };
    const context = sealContext(contextOf(replica, { tenant, actor }));
    const events = [encodeEvent(body)];
    const commit = await signCommit(
      key,
      prepareCommit({ key, context, first: body.sequence, previous: head.link, events }),
    );
    commits.push(commit);
    heads.set(replica, headAfter(commit));
    return { leaf: at(commit.leaves, 0), body: at(commit.events, 0), context: commit.context };
  };
  const item = (
    key: SigningKey,
    name: string,
    seen: readonly HashedEvent[] = [],
    stream = FORM,
  ): Promise<HashedEvent> => write(key, { stream, type: 'ItemRecorded', payload: { item: name, value: '1' }, seen });
  const enrol = async (key: SigningKey, person: Person, seen: readonly HashedEvent[] = []): Promise<HashedEvent> =>
    write(key, {
      stream: signerStream(person.id),
      type: 'SignerEnrolled',
      payload: await enrolment(person, tenant),
      seen,
      actor: 'admin',
    });
  const confirm = (key: SigningKey, person: Person, seen: readonly HashedEvent[]): Promise<HashedEvent> =>
    write(key, {
      stream: signerStream(person.id),
      type: 'AccountabilityConfirmed',
      payload: { statement: STATEMENT },
      seen,
      actor: person.id,
    });
  return {
    commits,
    tenant,
    write,
    item,
    enrol,
    confirm,
    /** Enrols a person, who confirms the statement, on one replica. */
    account: async (key: SigningKey, person: Person): Promise<Account> => {
      const enrolled = await enrol(key, person);
      return { enrolled, confirmed: await confirm(key, person, [enrolled]) };
    },
    /** Records an act: signed by `signedBy`, written by the replica's `key` in the name of the signer. */
    act: async (
      key: SigningKey,
      content: ActContent,
      by: {
        readonly signedBy: SigningKey;
        readonly id?: string;
        readonly act?: Act;
        readonly actor?: string;
        readonly seen?: readonly HashedEvent[];
      },
    ): Promise<HashedEvent> => {
      const { act = 'Signed', id = '1', actor = content.signer, seen = [] } = by;
      const place = { act, tenant, stream: streamOf('electronicSignature', id) };
      const payload = await actOf(place, content, by.signedBy);
      return write(key, { stream: place.stream, type: act, payload, actor, seen });
    },
    verify: (options: { readonly signers?: Readonly<Record<string, readonly string[]>> } = {}) =>
      verifyLog(asBytes(commits), { tenant, ...options }),
  };
};
export type World = ReturnType<typeof openWorld>;

async function* asBytes(commits: readonly Commit[]): AsyncGenerator<{ readonly bytes: Uint8Array }> {
  for (const { bytes } of commits) yield { bytes };
}
