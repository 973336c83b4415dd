/**
 * A sealer that shares its work with a worker where there is one: large commits are hashed and signed there while the
 * page decides the next ones, and of many small ones most signatures are made there.
 *
 * Invariant: the worker saves time and decides nothing. Where it is missing, slow, or ends, the page does the work
 * itself, with the same bytes. Laws: `sealer.laws`; `workerSealer.browser` (also with a worker that dies or is silent).
 */
import type { Commit } from '../core/commit.ts';
import { type Hash32, hash32, signature64 } from '../core/ids.ts';
import { decodeCommit, decodeFrame, encodeCommit, signedMessage } from '../crypto/commitBytes.ts';
import type { PreparedCommit } from '../crypto/sealCommit.ts';
import { signCommit } from '../crypto/sealCommit.ts';
import { type CommitDraft, prepareDraft, type Sealer, type SealingRun, sealHere } from '../crypto/sealer.ts';
import type { CommitText } from '../crypto/sealTexts.ts';
import { loadFastSha256 } from '../crypto/sha256.ts';
import type { SigningKey } from '../crypto/signer.ts';
import type { SealingPort } from './port.ts';

/** Commits of so many events go to the worker whole. */
const LARGE_EVENTS = 32;
/** Signatures that are asked for in one message; a message costs as much as two of them. */
const GROUP = 24;
/** Signatures that a run makes here before it asks for help: one commit is not worth a message. */
const ALONE = 4;

const textOf = ({ context, events }: CommitDraft): CommitText => ({
  contextBytes: context.bytes,
  first: events[0]?.body.sequence ?? 0,
  events: events.map(({ text }) => text).join(),
  lengths: events.map(({ byteLength }) => byteLength),
});

/** A commit as its bytes and its draft say. Whoever publishes it has no use for its leaves: they are read when asked for. */
const commitOf = (key: SigningKey, draft: CommitDraft, sealed: { bytes: Uint8Array; link: Hash32 }): Commit => {
  const { first, previous, root } = decodeFrame(sealed.bytes);
  const { context } = draft.context;
  return {
    ...{ ...sealed, publicKey: key.publicKey, replica: context.replica, first, previous, root, context },
    events: draft.events.map(({ body }) => body),
    get leaves() {
      return decodeCommit(sealed.bytes).leaves;
    },
  };
};

/** Drafts sealed by the worker; undefined if it did not. */
const sealAway = async (
  port: SealingPort,
  key: SigningKey,
  previous: Hash32,
  drafts: readonly CommitDraft[],
): Promise<readonly Commit[] | undefined> => {
  const answer = await port.ask(key, { kind: 'seal', previous, texts: drafts.map(textOf) });
  if (answer.kind !== 'sealed') return undefined;
  const { commits, links } = answer;
  const found = drafts.flatMap((draft, at) => {
    const [bytes, link] = [commits[at], links[at]];
    return bytes === undefined || link === undefined ? [] : [commitOf(key, draft, { bytes, link: hash32(link) })];
  });
  return found.length === drafts.length ? found : undefined;
};

/** Prepared commits signed by the worker, or here if it does not. */
const signAway = async (
  port: SealingPort,
  key: SigningKey,
  prepared: readonly PreparedCommit[],
): Promise<readonly Commit[]> => {
  const each = prepared.map(({ parts }) => signedMessage(parts));
  const length = each[0]?.length ?? 0;
  const messages = new Uint8Array(length * each.length);
  each.forEach((message, at) => {
    messages.set(message, length * at);
  });
  const answer = await port.ask(key, { kind: 'sign', messages, count: each.length });
  if (answer.kind !== 'signed') return Promise.all(prepared.map((commit) => signCommit(key, commit)));
  return prepared.map(({ parts, ...commit }, at) => {
    const signature = signature64(answer.signatures.slice(64 * at, 64 * at + 64));
    return { ...commit, bytes: encodeCommit({ ...parts, signature }) };
  });
};

const runOf = (port: SealingPort, key: SigningKey, previous: Hash32): SealingRun => {
  let link = previous;
  let alone = 0;
  let helped = 0;
  let unsigned: PreparedCommit[] = [];
  const away: CommitDraft[] = [];

  const sealed: Promise<readonly Commit[]>[] = [];
  const keep = (commits: Promise<readonly Commit[]>): void => {
    commits.catch(() => undefined); // told at the end
    sealed.push(commits);
  };
  const signHere = (prepared: readonly PreparedCommit[]): void =>
    keep(Promise.all(prepared.map((commit) => signCommit(key, commit))));
  const addHere = (draft: CommitDraft): void => {
    const prepared = prepareDraft(key, draft, link);
    link = prepared.link;
    if (alone < ALONE || !port.isReady()) {
      if (alone === ALONE) {
        port.start();
        void loadFastSha256(); // only the signatures are made elsewhere
      }
      alone += 1;
      signHere([prepared]);
      return;
    }
    unsigned.push(prepared);
    if (unsigned.length < GROUP + helped / 3) return; // a quarter is left at the end and signed here meanwhile
    keep(signAway(port, key, unsigned.slice(0, GROUP)));
    unsigned = unsigned.slice(GROUP);
    helped += GROUP;
  };
  const addAway = async (): Promise<readonly Commit[]> => {
    const found = await sealAway(port, key, link, away);
    if (found !== undefined) return found;
    const run = sealHere.begin(key, link);
    away.forEach(run.add);
    return (await run.end()).commits;
  };
  return {
    add: (draft) => {
      const isLarge = draft.events.length >= LARGE_EVENTS;
      if (isLarge) port.start();
      if (away.length > 0 || (isLarge && port.isOpen())) away.push(draft);
      else addHere(draft);
    },
    end: async () => {
      signHere(unsigned);
      if (away.length > 0) keep(addAway());
      const commits = (await Promise.all(sealed)).flat();
      return { commits, link: commits.at(-1)?.link ?? previous };
    },
  };
};

/** Seals with the help of a worker. */
export const sealWithWorker = (port: SealingPort): Sealer => ({
  begin: (key, previous) => runOf(port, key, previous),
  close: port.close,
});
