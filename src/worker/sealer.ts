/**
 * A sealer that shares its work with a worker where there is one: large commits are hashed and signed there while the
 * page decides the next ones, and of many small ones most signatures are made there.
 *
 * Invariant: the worker saves time and decides nothing. Where it is missing, slow, or ends, the page does the work
 * itself, with the same bytes. Laws: `sealer.laws`; `workerSealer.browser` (also with a worker that dies or is silent).
 */
import type { Commit } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import { type Hash32, hash32, signature64 } from '../core/ids.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { decodeCommit, decodeFrame, encodeCommit, signedMessage } from '../crypto/commitBytes.ts';
import type { PreparedCommit } from '../crypto/sealCommit.ts';
import { signCommit } from '../crypto/sealCommit.ts';
import {
  type CommitDraft,
  prepareDraft,
  type SealedRun,
  type Sealer,
  type SealingRun,
  sealHere,
} from '../crypto/sealer.ts';
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

const textOf = ({ context, events: { bodies, bytes, lengths } }: CommitDraft): CommitText => ({
  contextBytes: context.bytes,
  first: bodies[0]?.sequence ?? 0,
  events: bytes.slice(), // given away; the page keeps its own
  lengths,
});

/** A commit as its bytes and its draft say. Whoever publishes it has no use for its leaves: they are read when asked for. */
const commitOf = (key: SigningKey, draft: CommitDraft, sealed: { bytes: Uint8Array; link: Hash32 }): Commit => {
  const { first, previous, root } = decodeFrame(sealed.bytes);
  const { context } = draft.context;
  return {
    ...{ ...sealed, publicKey: key.publicKey, replica: context.replica, first, previous, root, context },
    events: draft.events.bodies,
    get leaves() {
      return decodeCommit(sealed.bytes).leaves;
    },
  };
};

/** Drafts sealed by the worker; undefined if it did not. */
const sealAway = async (
  port: SealingPort,
  key: SigningKey,
  request: { readonly run: number; readonly from: Uint8Array | number; readonly drafts: readonly CommitDraft[] },
): Promise<readonly Commit[] | undefined> => {
  const { run, from, drafts } = request;
  const texts = drafts.map(textOf);
  const transfer = texts.map(({ events }) => events.buffer);
  const answer = await port.ask(key, { kind: 'seal', run, from, texts }, transfer);
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

/** The runs of one chain: `lost` once the worker has not done one of them, and does not know where the next begins. */
type Chain = { readonly port: SealingPort; readonly key: SigningKey; readonly count: () => number; lost: boolean };

/** Where something begins: at a link that is known here, or where the worker will have ended another run. */
type Start = Hash32 | { readonly run: number; readonly ended: Promise<SealedRun> };

const isLink = (start: Start): start is Hash32 => start instanceof Uint8Array;
const linkAt = async (start: Start): Promise<Hash32> => (isLink(start) ? start : (await start.ended).link);

/**
 * Commits of a run that are hashed here. Of a run that others wait for, the first are signed here, and the worker signs
 * most of the rest; of a run that waits for the one before it, the worker signs all.
 */
const sealingHere = ({ port, key }: Chain, isAhead: boolean, keep: (commits: Promise<readonly Commit[]>) => void) => {
  const alone = isAhead ? 0 : ALONE;
  let signed = 0;
  let helped = 0;
  let unsigned: PreparedCommit[] = [];
  const signHere = (prepared: readonly PreparedCommit[]): void =>
    keep(Promise.all(prepared.map((commit) => signCommit(key, commit))));
  const signFirst = (prepared: PreparedCommit): void => {
    if (signed === ALONE) {
      port.start();
      void loadFastSha256(); // only the signatures are made elsewhere
    }
    signed += 1;
    signHere([prepared]);
  };
  const askForHelp = (): void => {
    keep(signAway(port, key, unsigned.slice(0, GROUP)));
    unsigned = unsigned.slice(GROUP);
    helped += GROUP;
  };
  return {
    /** Gives the link after the commit. */
    add: (draft: CommitDraft, link: Hash32): Hash32 => {
      const prepared = prepareDraft(key, draft, link);
      if (signed < alone || !port.isReady()) signFirst(prepared);
      else unsigned.push(prepared);
      if (!isAhead && unsigned.length >= GROUP + helped / 3) askForHelp(); // a quarter is left at the end
      return prepared.link;
    },
    end: (): void => (isAhead && unsigned.length > ALONE ? keep(signAway(port, key, unsigned)) : signHere(unsigned)),
  };
};

/** Commits sealed by the worker, or here if it does not. The worker is asked at once, unless it has lost the chain. */
const sealWhole = async (
  chain: Chain,
  { run, start }: { readonly run: number; readonly start: Start },
  drafts: readonly CommitDraft[],
): Promise<readonly Commit[]> => {
  const { port, key } = chain;
  const from = isLink(start) ? start : chain.lost ? await linkAt(start) : start.run;
  const found = await sealAway(port, key, { run, from, drafts });
  const previous = await linkAt(start);
  if (found?.[0] !== undefined && sameBytes(found[0].previous, previous)) return found;
  chain.lost = true;
  const again = sealHere.begin(key, previous);
  drafts.forEach(again.add);
  return (await again.end()).commits;
};

/** `isAhead`: the run waits for the one before it. */
const runOf = (chain: Chain, start: Start, isAhead: boolean): SealingRun => {
  const { port } = chain;
  const run = chain.count();
  let at = start;
  let ended: Promise<SealedRun> | undefined;
  const away: CommitDraft[] = [];
  const sealed: Promise<readonly Commit[]>[] = [];
  const keep = (commits: Promise<readonly Commit[]>): void => {
    commits.catch(() => undefined); // told at the end
    sealed.push(commits);
  };
  const here = sealingHere(chain, isAhead, keep);
  const end = async (): Promise<SealedRun> => {
    here.end();
    if (away.length > 0) keep(sealWhole(chain, { run, start: at }, away));
    const commits = (await Promise.all(sealed)).flat();
    return { commits, link: commits.at(-1)?.link ?? (await linkAt(start)) };
  };
  return {
    add: (draft) => {
      const isLarge = draft.events.bodies.length >= LARGE_EVENTS;
      if (isLarge) port.start();
      if (!isLink(at) || away.length > 0 || (isLarge && port.isOpen())) away.push(draft);
      else at = here.add(draft, at);
    },
    end: () => {
      ended = end();
      return ended;
    },
    next: () => {
      if (away.length === 0) return runOf(chain, at, true);
      if (ended === undefined) throw new StoreError('invariant.broken', { rule: 'a run ends before the next begins' });
      return runOf(chain, { run, ended }, true);
    },
  };
};

/** Seals with the help of a worker. */
export const sealWithWorker = (port: SealingPort): Sealer => {
  let runs = 0;
  const count = () => {
    runs += 1;
    return runs;
  };
  return {
    begin: (key, previous) => runOf({ port, key, count, lost: false }, previous, false),
    prepare: port.start,
    close: port.close,
  };
};
