/**
 * Makes the vectors of format 1 from fixed input. The two keys are the test keys of RFC 8032, section 7.1, TEST 1 and
 * TEST 2: published secrets that protect nothing. Ed25519 draws no randomness, so every run gives the same bytes.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Commit } from '../../src/core/commit.ts';
import { headAfter } from '../../src/core/commit.ts';
import type { EventBody } from '../../src/core/envelope.ts';
import type { Hash32 } from '../../src/core/ids.ts';
import {
  aggregateId,
  aggregateType,
  eventId,
  eventType,
  hash32,
  streamId,
  tenantId,
  userId,
} from '../../src/core/ids.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { sequence, size } from '../../src/core/position.ts';
import { toBase64 } from '../../src/crypto/bytes.ts';
import { canonicalBytes, canonicalText } from '../../src/crypto/canonical.ts';
import { contextHash, emptyHead, genesisLink, leafHash, linkHash, replicaIdOf } from '../../src/crypto/chain.ts';
import { checkpointBody, receiptBody } from '../../src/crypto/checkpoint.ts';
import { decodeCommit, signedMessage } from '../../src/crypto/commitBytes.ts';
import { makeDataKey } from '../../src/crypto/dataKey.ts';
import { openFieldSealer } from '../../src/crypto/fieldCipher.ts';
import { consistencyProof, inclusionProof, merkleRoot } from '../../src/crypto/merkle.ts';
import { encodeEvent, prepareCommit, sealContext, signCommit } from '../../src/crypto/sealCommit.ts';
import { ACTS, actMessage, statementHash } from '../../src/crypto/signedAct.ts';
import { noteVerifierText, signNote } from '../../src/crypto/signedNote.ts';
import { seededEntropy } from '../../src/testing/entropy.ts';
import { endorsementMessage, possessionMessage } from '../../src/crypto/signerKey.ts';
import { CONTENT, PLACE } from '../unit/signing/content.ts';
import { actOf, endorsement, enrolment, keyIdOf, personOf, statementOf } from '../unit/signing/people.ts';
import { at, contextOf, hex, KEY_A, KEY_B, RFC_8032, TENANT, unhex } from '../unit/support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const SIGNER = { name: 'sync.example.org/acme-042', key: KEY_B };
const VISIT = streamId(aggregateType('visit'), aggregateId('subject-17/visit-1'));

const VALUES: readonly JsonValue[] = [
  null,
  true,
  0,
  -1.5,
  1e21,
  1e-7,
  9_007_199_254_740_991,
  '',
  '€$\u000f\nA\'B"\\\\"/\u007f\u2028',
  [],
  {},
  [1, [2, [3]]],
  { b: 1, a: 2, 10: 3, 9: 4, '': 5 },
  { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 },
];
/** Texts that are JSON and not canonical: a reader refuses each. */
const REFUSED = [
  '{"a": 1}',
  '{"b":1,"a":2}',
  '{"a":1,"a":1}',
  '1.0',
  '-0',
  '1E30',
  '"\\u0041"',
  '"\\ud800"',
  '[1,]',
  '\ufeff1',
];

const canonical = () => ({
  accepted: VALUES.map((value) => ({ text: canonicalText(value), bytes: hex(canonicalBytes(value)) })),
  refused: REFUSED,
});

const event = (place: number, change: Partial<EventBody>): EventBody => ({
  id: eventId(`019500a0-0000-7000-8000-00000000000${place}`),
  stream: VISIT,
  type: eventType('ItemRecorded'),
  schema: 2,
  sequence: sequence(place),
  basis: place === 1 ? {} : { [REPLICA]: sequence(place - 1) },
  payload: { item: 'BP.SYS', value: 128 },
  ...change,
});

const firstCommit = (): Promise<Commit> => {
  const context = sealContext(contextOf(REPLICA));
  const { link } = emptyHead(REPLICA, TENANT);
  const events = [encodeEvent(event(1, {}))];
  return signCommit(KEY_A, prepareCommit({ key: KEY_A, context, first: sequence(1), previous: link, events }));
};

const secondCommit = (before: Commit): Promise<Commit> => {
  const plain = contextOf(REPLICA, { receipt: { time: '2026-03-01T09:31:00.000Z', size: 1 } });
  const context = sealContext({
    ...plain,
    actor: { ...plain.actor, onBehalfOf: userId('participant-17') },
    software: { ...plain.software, app: 'ediary/4.2.0' },
    trace: {
      correlation: 'visit-1',
      causation: at(before.events, 0).id,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
  });
  const events = [
    event(2, { payload: { item: 'BP.SYS', value: 118 }, reason: 'typing error' }),
    event(3, {
      payload: { item: 'BP.DIA', value: 79.5 },
      originator: { kind: 'device', id: 'cuff-9', location: 'clinic', at: '2026-03-01T10:30' },
    }),
    event(4, {
      type: eventType('ConflictResolved'),
      schema: 1,
      payload: { note: 'Größe ✓' },
      resolves: [at(before.events, 0).id],
    }),
  ].map(encodeEvent);
  const head = headAfter(before);
  return signCommit(KEY_A, prepareCommit({ key: KEY_A, context, first: sequence(2), previous: head.link, events }));
};

/** A resolution of three keys and of everything, with each kind of choice; and choices that a reader refuses beside the same `resolves`. */
const choices = async () => {
  const context = sealContext(contextOf(REPLICA));
  const { link } = emptyHead(REPLICA, TENANT);
  const [side, other, before] = [7, 8, 9].map((place) => event(place, {}).id);
  if (side === undefined || other === undefined || before === undefined) throw new RangeError('three events');
  const resolves = [side, other];
  const body = event(1, {
    ...{ payload: { 'BP.SYS': 128, 'BP.DIA': 79 }, reason: 'source checked', resolves },
    choices: [
      { key: 'BP.SYS', took: 'head', event: side },
      { key: 'BP.DIA', took: 'before', event: before },
      { key: 'Größe', took: 'before' },
      { key: '*', took: 'new' },
    ],
  });
  const commit = await signCommit(
    KEY_A,
    prepareCommit({ key: KEY_A, context, first: sequence(1), previous: link, events: [encodeEvent(body)] }),
  );
  const refused: readonly JsonValue[] = [
    [],
    [{ key: 'a', took: 'head' }],
    [{ key: 'a', took: 'head', event: before }],
    [{ key: 'a', took: 'new', event: side }],
    [{ key: 'a', took: 'mine' }],
    [
      { key: 'a', took: 'new' },
      { key: 'a', took: 'before' },
    ],
  ];
  return { tenant: TENANT, commits: [spelled(commit)], refused };
};

/** A commit with all that is derived from its bytes. */
const spelled = (commit: Commit) => {
  const parts = decodeCommit(commit.bytes);
  return {
    bytes: toBase64(commit.bytes),
    length: commit.bytes.length,
    publicKey: hex(parts.publicKey),
    replica: commit.replica,
    first: commit.first,
    count: commit.events.length,
    previous: hex(parts.previous),
    root: hex(parts.root),
    signature: hex(parts.signature),
    signedMessage: hex(signedMessage(parts)),
    context: new TextDecoder().decode(parts.contextBytes),
    contextHash: hex(contextHash(parts.contextBytes)),
    events: parts.eventBytes.map((bytes) => new TextDecoder().decode(bytes)),
    leaves: commit.leaves.map(hex),
    paths: commit.leaves.map((_, position) => inclusionProof(commit.leaves, position).map(hex)),
    link: hex(commit.link),
  };
};

const hashes = () => {
  const context = contextHash(canonicalBytes({}));
  const root = hash32(sha256(Uint8Array.of(1)));
  return {
    replica: { publicKey: hex(KEY_A.publicKey), replica: REPLICA },
    context: { bytes: '{}', hash: hex(context) },
    leaf: { contextHash: hex(context), event: '{}', hash: hex(leafHash(context, canonicalBytes({}))) },
    genesis: { replica: REPLICA, tenant: 'a', link: hex(genesisLink(REPLICA, tenantId('a'))) },
    link: {
      previous: hex(context),
      first: 300,
      count: 7,
      root: hex(root),
      link: hex(linkHash(context, { first: 300, count: 7, root })),
    },
  };
};

const trees = () => {
  const leaves: readonly Hash32[] = Array.from({ length: 8 }, (_, index) => hash32(sha256(Uint8Array.of(0, index))));
  const tree = (count: number) => leaves.slice(0, count);
  return {
    leaves: leaves.map(hex),
    roots: Array.from({ length: 9 }, (_, count) => hex(merkleRoot(tree(count)))),
    inclusion: [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
      [3, 5],
      [4, 5],
      [5, 7],
      [7, 8],
    ].map(([position = 0, count = 0]) => ({
      position,
      size: count,
      path: inclusionProof(tree(count), position).map(hex),
    })),
    consistency: [
      [0, 3],
      [1, 2],
      [2, 3],
      [3, 7],
      [4, 7],
      [6, 8],
      [8, 8],
    ].map(([older = 0, newer = 0]) => ({
      older,
      newer,
      proof: consistencyProof(tree(newer), older).map(hex),
    })),
  };
};

const notes = async (commit: Commit) => {
  const { leaves, link, replica } = commit;
  const head = { tenant: TENANT, size: size(leaves.length), root: merkleRoot(leaves) };
  const time = '2026-03-01T09:31:00.000Z';
  const receipt = { ...head, replica, sequence: sequence(1), link, time };
  return {
    verifier: noteVerifierText({ name: SIGNER.name, publicKey: KEY_B.publicKey }),
    checkpoint: { tenant: TENANT, size: 1, root: hex(head.root), note: await signNote(checkpointBody(head), SIGNER) },
    receipt: {
      tenant: TENANT,
      replica,
      sequence: 1,
      link: hex(link),
      time,
      size: 1,
      root: hex(head.root),
      note: await signNote(receiptBody(receipt), SIGNER),
    },
  };
};

const fields = async () => {
  const key = makeDataKey(seededEntropy(1));
  const sealer = openFieldSealer(seededEntropy(2));
  const place = {
    tenant: TENANT,
    stream: VISIT,
    event: eventId('01890a5d-ac96-774b-bcce-b302099a8057'),
    type: eventType('SubjectNamed'),
  };
  const values = ['Ada Lovelace', 42, null, { born: '1815-12-10', also: ['Augusta'] }, 'x'.repeat(31)];
  const sealed = await Promise.all(
    values.map(async (value, at) => {
      const path = `/field/${at}`;
      return { path, value, payload: await sealer.seal(key, { ...place, path }, value) };
    }),
  );
  const bytes = { path: '/scan', hex: '00ff10' };
  const punctured = key.puncture([{ event: place.event, path: '/field/0' }]);
  return {
    about: 'A data key made from a seed that everybody knows, never to be used for anything else.',
    ...{ ...place, keyId: key.id, key: hex(key.encode()) },
    sealed,
    bytes: { ...bytes, payload: await sealer.seal(key, { ...place, path: bytes.path }, unhex(bytes.hex)) },
    punctured: { path: '/field/0', sha256: hex(sha256(punctured.encode())), bytes: punctured.encode().length },
  };
};

/** Electronic signatures: what an enrolment, an endorsement and each act sign, and the signatures of the test keys. */
const signatures = async () => {
  const mayer = await personOf('dr-mayer', 'Dr. Ana Mayer-Öz', KEY_A);
  const weber = await personOf('dr-weber', 'Dr. Jo Weber', KEY_B);
  const statement = 'I approve this visit.';
  return {
    key: { publicKey: hex(KEY_A.publicKey), id: keyIdOf(mayer) },
    statement: { text: statement, hash: hex(statementHash(statement)) },
    enrolment: { payload: await enrolment(mayer), message: hex(possessionMessage(TENANT, statementOf(mayer))) },
    endorsement: { payload: await endorsement(weber, mayer), message: hex(endorsementMessage(TENANT, statementOf(mayer))) },
    acts: await Promise.all(
      ACTS.map(async (act) => ({
        act,
        tenant: TENANT,
        stream: PLACE.stream,
        payload: await actOf({ ...PLACE, act }, CONTENT, KEY_A),
        message: hex(actMessage({ ...PLACE, act }, CONTENT)),
      })),
    ),
  };
};

export const build = async () => {
  const first = await firstCommit();
  const second = await secondCommit(first);
  const keys = RFC_8032.slice(0, 2).map(({ secret, publicKey }) => ({ secret, publicKey }));
  const about = 'Keys of RFC 8032, section 7.1: published test secrets, never to be used for anything else.';
  return {
    canonical: canonical(),
    hashes: hashes(),
    commits: { about, keys, tenant: TENANT, commits: [spelled(first), spelled(second)] },
    choices: await choices(),
    merkle: trees(),
    notes: await notes(first),
    fields: await fields(),
    signatures: await signatures(),
  };
};
