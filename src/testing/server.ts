/**
 * A sync server in memory that answers as the real one does: the same verdicts, receipts, cursors and messages, without
 * HTTP and without a database. Its state can be taken and put back, as a backup is.
 */
import type { Head } from '../core/commit.ts';
import { headAfter } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { type Hash32, hash32, type ReplicaId, replicaId, type TenantId, tenantId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { sequence, size } from '../core/position.ts';
import { fromBase64, toBase64, toHex32 } from '../crypto/bytes.ts';
import { emptyHead } from '../crypto/chain.ts';
import { checkCommit } from '../crypto/checkCommit.ts';
import { checkpointBody, receiptBody } from '../crypto/checkpoint.ts';
import { type CarriedRow, proverOf, type RowChange } from '../crypto/keyRows.ts';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, frontierRoot } from '../crypto/merkle.ts';
import { noteVerifierText, signNote } from '../crypto/signedNote.ts';
import { makeSigningKey, type SigningKey } from '../crypto/signer.ts';
import { Access } from '../machines/clinical/index.ts';
import { askedOf, type Decision, decide, type Held, type Received } from '../server/decide.ts';
import { checkCarries, verdictOn } from '../server/keySheet.ts';
import { type AccessBook, accessBook } from '../streams/accessBook.ts';
import type { Definitions } from '../streams/aggregateState.ts';
import { changesOfMessage, messageOfRow, messageOfVerdicts, proofOfMessage } from '../sync/keyMessages.ts';
import {
  type Hello,
  type KeysPage,
  KeysRequest,
  type KeysResponse,
  PROTOCOL,
  type PullResponse,
  PushRequest,
  type PushResponse,
  readMessage,
} from '../sync/protocol.ts';
import type { ServerLog, ServerRow } from '../verify/index.ts';

/** What lies in the server's database of its tenant. */
export type ServerTables = {
  readonly commits: readonly ServerRow[];
  readonly heads: ReadonlyMap<string, Head>;
  readonly log: ServerLog;
};

type Stored = ServerRow & { readonly cursor: string; readonly text: string };
type State = {
  readonly commits: Stored[];
  /** Of each replica its commits by their first sequence. */
  readonly held: Map<string, Map<number, Held>>;
  readonly heads: Map<string, Head>;
  readonly ids: Set<string>;
  /** Indexes of commits by the cursor after each. */
  readonly places: Map<string, number>;
  frontier: Frontier;
  book: AccessBook;
  /** The key sheet, in the order of its changes. */
  keys: readonly (CarriedRow & { readonly changed: number })[];
};
/** It is told of no aggregate but the access list. */
const NONE: Definitions = new Map();

const emptyState = (tenant: TenantId): State => ({
  ...{ commits: [], held: new Map(), heads: new Map(), ids: new Set(), places: new Map() },
  ...{ frontier: EMPTY_FRONTIER, book: accessBook(Access, tenant), keys: [] },
});

const copyOf = (state: State): State => ({
  ...state,
  commits: [...state.commits],
  held: new Map([...state.held].map(([replica, commits]) => [replica, new Map(commits)])),
  heads: new Map(state.heads),
  ids: new Set(state.ids),
  places: new Map(state.places),
});

/** What a device may ask, as it travels: a path of the interface and, for a push, the text of its body. */
export type SimulatedRequest =
  | { readonly kind: 'hello'; readonly replica: string }
  | { readonly kind: 'pull'; readonly after: string; readonly except: string }
  | { readonly kind: 'push'; readonly body: string }
  | { readonly kind: 'keys-pull'; readonly after: string }
  | { readonly kind: 'keys-push'; readonly body: string };

export type SimulatedServer = {
  readonly tenant: TenantId;
  /** Answers a request with the text of a message. @throws StoreError as the device would get it */
  readonly answer: (request: SimulatedRequest) => Promise<string>;
  /** Number of events held. */
  readonly size: () => number;
  /** The bytes of every commit held, in the server's order. */
  readonly commits: () => readonly Uint8Array[];
  /** What is held now, to be put back later: a backup. */
  readonly backup: () => () => void;
  /** The rows of its database, below the server. */
  readonly tables: () => ServerTables;
  /** Puts others in their place, as somebody may who has the database. */
  readonly putTables: (tables: ServerTables) => void;
  /** Signs with another key from now on. */
  readonly renewKey: () => Promise<void>;
};

const cursorAt = (at: number, root: Hash32): string => `${at.toString(36)}-${toHex32(root).slice(0, 24)}`;
const cursorOf = (state: Frontier): string => cursorAt(state.size, frontierRoot(state));

/** Puts a row behind the others, with what is looked up by. */
const keepRow = ({ commits, held, places }: State, row: ServerRow): void => {
  const { position, events, replica, first, link } = row;
  const cursor = cursorAt(position + events, hash32(row.treeRoot));
  places.set(cursor, commits.length);
  commits.push({ ...row, cursor, text: toBase64(row.bytes) });
  const own = held.get(replica) ?? new Map<number, Held>();
  held.set(replica, own.set(first, { link, position }));
};

const accept = (state: State, { accepted }: Decision): void => {
  const { heads, ids } = state;
  for (const { commit, position } of accepted) {
    for (const leaf of commit.leaves) state.frontier = appendLeaf(state.frontier, leaf);
    const { replica, first, link, bytes, events } = commit;
    const treeRoot = frontierRoot(state.frontier);
    keepRow(state, { position, events: events.length, replica, first, link, treeRoot, bytes });
    heads.set(commit.replica, headAfter(commit));
    for (const { id } of commit.events) ids.add(id);
    state.book = state.book.after(commit);
  }
};

/** What of the log bears on a push, as the real server reads it: commits and event ids that the push names. */
const namedBy = ({ held, ids }: State, received: readonly Received[]) => {
  const commits = new Map<number, Held>();
  for (const { first, check } of received) {
    const known = check.kind === 'sound' ? held.get(check.commit.replica)?.get(first) : undefined;
    if (known !== undefined) commits.set(first, known);
  }
  return { commits, eventIds: new Set([...askedOf(received).ids].filter((id) => ids.has(id))) };
};

const receive = (body: string): Promise<readonly Received[]> => {
  const { commits } = readMessage(PushRequest, JSON.parse(body));
  return Promise.all(
    commits.map(async (text): Promise<Received> => {
      const bytes = fromBase64(text);
      const check = await checkCommit(bytes);
      return { bytes, first: check.kind === 'sound' ? check.commit.first : check.fault.sequence, check };
    }),
  );
};

const pageOf = ({ commits, places, frontier }: State, after: string, except: string): PullResponse => {
  const page: Stored[] = [];
  let bytes = 0;
  let more = false;
  const start = (places.get(after) ?? -1) + 1; // 0 for a cursor that is not of this log
  for (let at = start; at < commits.length && !more; at++) {
    const stored = commits[at];
    if (stored === undefined || stored.replica === except) continue;
    bytes += stored.bytes.length;
    more = page.length >= LIMITS.batchCommitsMax || bytes > LIMITS.batchBytesMax;
    if (!more) page.push(stored);
  }
  return {
    protocol: PROTOCOL,
    commits: page.map(({ text }) => text),
    cursor: more ? (page.at(-1)?.cursor ?? '') : commits.length === 0 ? '' : cursorOf(frontier),
    more,
  };
};

/** Takes changes of the key sheet by the rules of the server. */
const takeKeys = (state: State, changes: readonly RowChange[]): KeysResponse =>
  messageOfVerdicts(
    changes.map((change) => {
      const { keys } = state;
      const { verdict, next } = verdictOn(
        keys.find(({ id }) => id === change.id),
        change,
      );
      if (next !== undefined)
        state.keys = [
          ...keys.filter(({ id }) => id !== next.id),
          { ...next, changed: 1 + (keys.at(-1)?.changed ?? 0) },
        ];
      return verdict;
    }),
  );

const keysPage = ({ keys }: State, after: string): KeysPage => {
  const last = keys.at(-1)?.changed ?? 0;
  const asked = Number.parseInt(after, 36) || 0;
  const from = asked > last ? 0 : asked;
  const rows = keys.filter(({ changed }) => changed > from).map(({ changed: _, ...row }) => messageOfRow(row));
  const page = rows.slice(0, LIMITS.keyRowsMax);
  const reached = keys.filter(({ changed }) => changed > from)[page.length - 1]?.changed ?? from;
  return { protocol: PROTOCOL, rows: page, cursor: reached.toString(36), more: page.length < rows.length };
};

type Signer = { readonly name: string; readonly key: SigningKey };
type Statement = { readonly tenant: TenantId; readonly state: State; readonly signer: Signer; readonly time: string };

const receiptFor = async ({ tenant, state, signer, time }: Statement, replica: ReplicaId): Promise<string | null> => {
  const head = state.heads.get(replica);
  if (head === undefined) return null;
  const { frontier } = state;
  const place = { sequence: sequence(head.sequence), link: head.link, time };
  const tree = { size: size(frontier.size), root: frontierRoot(frontier) };
  return signNote(receiptBody({ tenant, replica, ...place, ...tree }), signer);
};

const helloFor = async (statement: Statement, replica: ReplicaId): Promise<Hello> => {
  const { tenant, state, signer, time } = statement;
  const tree = { tenant, size: size(state.frontier.size), root: frontierRoot(state.frontier) };
  return {
    protocol: PROTOCOL,
    server: noteVerifierText({ name: signer.name, publicKey: signer.key.publicKey }),
    time,
    receipt: await receiptFor(statement, replica),
    checkpoint: await signNote(checkpointBody(tree), signer),
  };
};

const decideOn = (tenant: TenantId, state: State, received: readonly Received[]): Decision & { replica: ReplicaId } => {
  const [first] = received;
  const replica = first?.check.kind === 'sound' ? first.check.commit.replica : first?.check.fault.replica;
  if (replica === undefined) throw new StoreError('commit.malformed');
  const known = {
    tenant,
    size: state.frontier.size,
    head: state.heads.get(replica) ?? emptyHead(replica, tenant),
    ...namedBy(state, received),
    sequences: new Map([...state.heads].map(([other, head]) => [other, head.sequence])),
    access: state.book,
    definitions: NONE,
  };
  return { ...decide(known, received), replica };
};

/** Starts a server of one tenant, with a key of its own. */
export const simulatedServer = async (options: {
  readonly tenant: string;
  readonly nowMs?: () => number;
}): Promise<SimulatedServer> => {
  const { nowMs = () => Date.UTC(2026, 0, 5, 9) } = options;
  const tenant = tenantId(options.tenant);
  let signer: Signer = { name: 'server.simulated', key: await makeSigningKey() };
  let state = emptyState(tenant);
  const statement = (): Statement => ({ tenant, state, signer, time: new Date(nowMs()).toISOString() });

  const push = async (body: string): Promise<PushResponse> => {
    const received = await receive(body);
    const { replica, ...decision } = decideOn(tenant, state, received);
    accept(state, decision);
    return { protocol: PROTOCOL, verdicts: [...decision.verdicts], receipt: await receiptFor(statement(), replica) };
  };
  return {
    tenant,
    answer: async (request) => {
      if (request.kind === 'hello') return JSON.stringify(await helloFor(statement(), replicaId(request.replica)));
      if (request.kind === 'push') return JSON.stringify(await push(request.body));
      if (request.kind === 'keys-pull') return JSON.stringify(keysPage(state, request.after));
      if (request.kind === 'keys-push') {
        const asked = readMessage(KeysRequest, JSON.parse(request.body));
        const [changes, proof] = [changesOfMessage(asked), proofOfMessage(asked)];
        checkCarries(state.book, proof && (await proverOf(tenant, changes, proof)));
        return JSON.stringify(takeKeys(state, changes));
      }
      return JSON.stringify(pageOf(state, request.after, request.except));
    },
    size: () => state.frontier.size,
    commits: () => state.commits.map(({ bytes }) => bytes),
    tables: () => {
      const { commits, heads, frontier } = state;
      return { commits, heads, log: { commits: commits.length, frontier, root: frontierRoot(frontier) } };
    },
    putTables: ({ commits, heads, log: { frontier } }) => {
      const nothing = { commits: [], held: new Map(), places: new Map() };
      state = { ...state, ...nothing, heads: new Map(heads), frontier };
      for (const row of commits) keepRow(state, row);
    },
    backup: () => {
      const kept = copyOf(state);
      return () => {
        state = copyOf(kept);
      };
    },
    renewKey: async () => {
      signer = { ...signer, key: await makeSigningKey() };
    },
  };
};
