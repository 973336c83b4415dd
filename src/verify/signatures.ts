/**
 * Checks the electronic signatures of a log: each act over its exact records, by a key enrolled for its signer; and says
 * in what state each stands. Laws: `verify/signatures.test`.
 */
import type { Commit } from '../core/commit.ts';
import { type Hash32, type StreamId, streamParts, type TenantId, type UserId, userId } from '../core/ids.ts';
import {
  type ActCheck,
  type ActEvidence,
  checkAct,
  countLater,
  type ReadAct,
  readAct,
  stateOf,
  type TypeCounts,
} from '../crypto/checkAct.ts';
import { type HashedEvent, SIGNATURE_TYPE, SIGNER_TYPE, signerStream } from '../crypto/signerEvents.ts';
import { readSigners, type SignerHistory } from '../crypto/signerHistory.ts';
import { type EventIndex, indexEvents } from './eventIndex.ts';
import type { Findings } from './findings.ts';
import {
  type LogReport,
  type PinnedSigners,
  type SignatureReport,
  type SignerReport,
  VERIFY_LIMITS,
} from './report.ts';

export type SignatureOptions = {
  readonly tenant: TenantId;
  readonly findings: Findings;
  readonly lineOf: (at: number) => { readonly line?: number };
  readonly signers?: PinnedSigners | undefined;
};

export type SignatureCheck = {
  /** Takes a sound commit in its place. */
  readonly add: (commit: Commit, at: number) => void;
  /** Checks every act, after the last commit. */
  readonly finish: () => Promise<SignaturesFound>;
};

type Placed = { readonly at: number; readonly event: HashedEvent };
type Act = Extract<ReadAct, { readonly kind: 'act' }>;
type PlacedAct = { readonly at: number; readonly read: Act };

type Gathered = {
  readonly options: SignatureOptions;
  readonly index: EventIndex;
  readonly bySigner: Map<StreamId, Placed[]>;
  readonly acts: PlacedAct[];
  /** Signatures (`Signed`) by their stream: the first two of each, since there should be one. */
  readonly signed: Map<StreamId, { readonly leaf: Hash32; readonly signer: UserId }[]>;
};

type Raised = { readonly at: number; readonly event: HashedEvent; readonly code: Code; readonly what: string };
type Code = Parameters<Findings['raise']>[1]['code'];

const raise = ({ options }: Gathered, { at, event, code, what }: Raised): void => {
  const place = { replica: event.context.replica, sequence: event.body.sequence };
  options.findings.raise(at, { code, ...place, ...options.lineOf(at), what });
};

const push = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

const takeAct = (gathered: Gathered, event: HashedEvent, at: number): void => {
  const read = readAct(event);
  const isMore = gathered.acts.length >= VERIFY_LIMITS.actsMax;
  if (read.kind === 'fault') raise(gathered, { at, event, ...read.fault });
  else if (isMore) raise(gathered, { at, event, code: 'esign.malformed', what: 'too many to check' });
  else gathered.acts.push({ at, read });
  if (read.kind === 'fault' || read.act !== 'Signed' || isMore) return;
  const known = gathered.signed.get(event.body.stream) ?? [];
  if (known.length < 2) push(gathered.signed, event.body.stream, { leaf: event.leaf, signer: read.content.signer });
};

const take = (gathered: Gathered, commit: Commit, at: number): void => {
  gathered.index.add(commit);
  for (const [index, body] of commit.events.entries()) {
    const { type } = streamParts(body.stream);
    const leaf = commit.leaves[index];
    if (leaf === undefined) continue;
    const event = { leaf, body, context: commit.context };
    if (type === SIGNER_TYPE) push(gathered.bySigner, body.stream, { at, event });
    else if (type === SIGNATURE_TYPE) takeAct(gathered, event, at);
  }
};

type Verdict = PlacedAct & { readonly check: ActCheck; readonly isPinned: boolean };

const isPinnedKey = ({ signers }: SignatureOptions, signer: string, key: string): boolean =>
  signers !== undefined && Object.hasOwn(signers, signer) && signers[signer]?.includes(key) === true;

const judge = async (gathered: Gathered, placed: PlacedAct, evidence: ActEvidence): Promise<Verdict> => {
  const { options } = gathered;
  const { at, read } = placed;
  const { signer, key } = read.content;
  const found = await checkAct(read, evidence);
  const isPinned = isPinnedKey(options, signer, key);
  const isForeign = !isPinned && options.signers !== undefined && Object.hasOwn(options.signers, signer);
  const foreign = isForeign ? [{ code: 'esign.key-unknown', what: 'not the pinned key' } as const] : [];
  const check = {
    ...found,
    // who names the key has it from elsewhere: that settles whose it is
    ...{ contested: found.contested && !isPinned, unendorsed: found.unendorsed && !isPinned },
    faults: [...found.faults, ...foreign],
  };
  for (const fault of check.faults) raise(gathered, { at, event: read.event, ...fault });
  return { at, read, check, isPinned };
};

/** Events in the signed records that the act does not cover; its own stream, where others act on it, apart. */
const laterOf = ({ index }: Gathered, { read }: PlacedAct, counts: ReadonlyMap<StreamId, TypeCounts>): number =>
  read.content.records
    .filter(({ stream }) => stream !== read.event.body.stream)
    .reduce((later, record) => {
      const held = counts.get(record.stream) ?? new Map<string, number>();
      return later + countLater(record, held, (place) => index.find(place)?.type);
    }, 0);

const reportsOf = (gathered: Gathered, verdicts: readonly Verdict[]): readonly SignatureReport[] => {
  const streams = new Set(verdicts.flatMap(({ read }) => read.content.records.map(({ stream }) => stream)));
  const counts = gathered.index.countIn(streams);
  const withdrawals = verdicts.filter(
    ({ read, check }) => read.act === 'SignatureWithdrawn' && check.faults.length === 0,
  );
  const withdrawn = new Set(withdrawals.map(({ read }) => read.event.body.stream));
  return verdicts.map((verdict) => {
    const { read, check, isPinned } = verdict;
    const { body, context } = read.event;
    const { signer, printedName, meaning, at, statement, key, records } = read.content;
    const faulty = check.faults.length > 0;
    const later = faulty ? 0 : laterOf(gathered, verdict, counts);
    const isWithdrawn = read.act === 'Signed' && withdrawn.has(body.stream);
    return {
      ...{ id: streamParts(body.stream).id, act: read.act, signer, printedName, meaning, at, statement, key },
      streams: records.map(({ stream }) => stream),
      ...{ replica: context.replica, sequence: body.sequence, later },
      state: stateOf({
        ...{ faulty, contested: check.contested, withdrawn: isWithdrawn, unendorsed: check.unendorsed, later },
      }),
      ...{ keyPinned: isPinned, keyEnded: check.keyEnded, endorsedBy: check.key?.vouchers ?? [] },
    };
  });
};

const peopleOf = ({ options }: Gathered, signer: UserId, { keys }: SignerHistory): readonly SignerReport[] =>
  keys.map(({ id, event, enrolled, sound, unendorsed, vouchers, contested }) => ({
    ...{ signer, printedName: enrolled.printedName, key: id, enrolledBy: event.context.actor.user },
    ...{ replica: event.context.replica, sequence: event.body.sequence, sound, contested },
    ...{ unendorsed, endorsedBy: vouchers },
    pinned: isPinnedKey(options, signer, id),
  }));

const checkPeople = async (
  gathered: Gathered,
  historyOf: (signer: UserId) => Promise<SignerHistory>,
): Promise<readonly SignerReport[]> => {
  const people: SignerReport[] = [];
  for (const [stream, placed] of gathered.bySigner) {
    const signer = userId(streamParts(stream).id);
    const history = await historyOf(signer);
    const places = new Map(placed.map(({ at, event }) => [event, at]));
    for (const fault of history.faults) raise(gathered, { at: places.get(fault.event) ?? 0, ...fault });
    people.push(...peopleOf(gathered, signer, history));
  }
  return people;
};

/** What is found of the electronic signatures of one log. */
export type SignaturesFound = Pick<LogReport, 'signatures' | 'signers'>;

const finish = async (gathered: Gathered): Promise<SignaturesFound> => {
  const { options, index, signed, acts, bySigner } = gathered;
  const historyOf = readSigners(options.tenant, (signer) =>
    (bySigner.get(signerStream(signer)) ?? []).map(({ event }) => event),
  );
  const evidence: ActEvidence = {
    tenant: options.tenant,
    signer: historyOf,
    find: index.find,
    signed: (stream) => signed.get(stream) ?? [],
  };
  const signers = await checkPeople(gathered, historyOf);
  const verdicts: Verdict[] = [];
  for (const placed of acts) verdicts.push(await judge(gathered, placed, evidence));
  return { signatures: reportsOf(gathered, verdicts), signers };
};

/** A check of the electronic signatures of one log. */
export const checkSignatures = (options: SignatureOptions): SignatureCheck => {
  const gathered: Gathered = {
    ...{ options, index: indexEvents(), bySigner: new Map(), acts: [], signed: new Map() },
  };
  return {
    add: (commit, at) => take(gathered, commit, at),
    finish: () => finish(gathered),
  };
};
