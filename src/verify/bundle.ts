/**
 * Checks an export, format 1, from its bytes alone: line by line, in one pass, with little memory.
 *
 * Invariants: no bytes make it throw; a bundle in which any byte was changed is not `ok`; a fault inside an event is
 * reported with its replica and sequence first. Laws: `everyByte.test`, `everyLine.test`, `hostile.test`.
 */
import type { Finding, Head } from '../core/commit.ts';
import { isStoreError } from '../core/errors.ts';
import { type Hash32, type ReplicaId, replicaId } from '../core/ids.ts';
import { isRecord, type JsonValue } from '../core/json.ts';
import { fromHex32 } from '../crypto/bytes.ts';
import { readCanonical } from '../crypto/canonical.ts';
import { startHash } from '../crypto/runningHash.ts';
import type { NoteVerifier } from '../crypto/signedNote.ts';
import { paceProgress } from './commits.ts';
import { type DamageReader, readDamage } from './damage.ts';
import { type Findings, gatherFindings } from './findings.ts';
import { type Manifest, readFindingLine, readManifest, readReceiptLine, readSeal } from './format.ts';
import { type Line, readLines } from './lines.ts';
import { type LogCheck, startLogCheck } from './logCheck.ts';
import { type ManifestSummary, type Report, VERIFY_LIMITS, type VerifyFinding, type VerifyOptions } from './report.ts';
import { readCommitLine } from './salvage.ts';
import { checkSeal, chooseServer, readPinned, type Sealed, trustOf } from './seal.ts';

/** Kinds of lines after the first, in the order in which they stand. */
const ORDER = ['receipt', 'commit', 'finding', 'seal'] as const;
type Kind = (typeof ORDER)[number];

type Run = {
  readonly manifest: Manifest;
  readonly server: NoteVerifier | undefined;
  readonly findings: Findings;
  readonly log: LogCheck;
  readonly damage: DamageReader;
  readonly recorded: Finding[];
  /** Place in `ORDER` of the last line. */
  stage: number;
  commits: number;
  sealed: Sealed | undefined;
  /** The last line that was said to be too long, or to stand after the seal. */
  longAt: number;
  trailing: boolean;
};

type Place = { readonly line: Line; readonly number: number; readonly digest: () => Hash32 };

const whatOf = (error: unknown): VerifyFinding => {
  if (!isStoreError(error)) throw error;
  const { what } = error.details;
  const code = error.code === 'bundle.unsupported-format' ? error.code : 'bundle.malformed';
  return { code, what: typeof what === 'string' && error.code === 'bundle.malformed' ? what : error.code };
};

const unusable = (finding: VerifyFinding, bytes: number): Report => ({
  usable: false,
  ok: false,
  findings: [{ ...finding, line: 1 }],
  omitted: 0,
  counts: { events: 0, commits: 0, replicas: 0, receipts: 0, bytes },
  heads: {},
  signatures: [],
  signers: [],
  erasures: [],
  copies: [],
  trust: { replicas: [] },
  recorded: [],
});

const headsOf = (manifest: Manifest): ReadonlyMap<ReplicaId, Head> =>
  new Map(
    Object.entries(manifest.heads).map(([replica, { sequence, link }]) => {
      return [replicaId(replica), { sequence, link: fromHex32(link) }];
    }),
  );

const startRun = (manifest: Manifest, options: VerifyOptions): Run => {
  const findings = gatherFindings();
  const server = chooseServer(manifest, options, findings);
  const lineOf = (line: number) => ({ line });
  const log = startLogCheck({
    ...{ tenant: manifest.tenant, heads: headsOf(manifest), server, findings, lineOf },
    signers: options.signers,
    copies: options.copies,
  });
  const state = { stage: 0, commits: 0, sealed: undefined, longAt: 0, trailing: false };
  return { manifest, server, findings, log, damage: readDamage(log, findings), recorded: [], ...state };
};

const raise = (run: Run, line: number, what: string): void => {
  run.findings.raise(line, { code: 'bundle.malformed', line, what });
};

const takeSeal = async (run: Run, value: JsonValue, { number, digest }: Place): Promise<void> => {
  const seal = readSeal(value);
  const before = digest();
  await run.damage.flush();
  await run.log.drain();
  run.sealed ??= { seal, line: number, digest: before, commits: run.commits, events: run.log.counts().events };
};

const takeValue = async (run: Run, kind: Kind, value: JsonValue, place: Place): Promise<void> => {
  if (kind === 'seal') return takeSeal(run, value, place);
  if (kind === 'receipt') return run.log.addReceipt(readReceiptLine(value), place.number);
  const { finding } = readFindingLine(value);
  if (run.recorded.length < VERIFY_LIMITS.findingsMax) run.recorded.push(finding);
};

/** Says so if a kind may not stand here, and gives whether it may. */
const isInOrder = (run: Run, kind: Kind, number: number): boolean => {
  const stage = ORDER.indexOf(kind);
  const isOrdered = stage >= run.stage;
  if (!isOrdered && !run.trailing) raise(run, number, `${kind} line out of order`);
  run.stage = Math.max(run.stage, stage);
  return isOrdered;
};

const parse = (bytes: Uint8Array): { readonly kind: Kind; readonly value: JsonValue } | undefined => {
  try {
    const value = readCanonical(bytes);
    const kind = isRecord(value) ? ORDER.find((name) => name !== 'commit' && name === value['kind']) : undefined;
    return kind === undefined ? undefined : { kind, value };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return undefined;
  }
};

const takeWhole = async (run: Run, place: Place): Promise<void> => {
  const { line, number } = place;
  const bytes = readCommitLine(line.bytes);
  if (bytes !== undefined) {
    await run.damage.flush();
    isInOrder(run, 'commit', number);
    run.commits += 1;
    return run.log.push({ at: number, bytes });
  }
  const parsed = parse(line.bytes);
  if (parsed === undefined) return run.damage.take(number, line.bytes, 'not a line of the format');
  const isTaken = isInOrder(run, parsed.kind, number) || parsed.kind === 'finding';
  try {
    if (isTaken) await takeValue(run, parsed.kind, parsed.value, place);
  } catch (error) {
    run.findings.raise(number, { ...whatOf(error), line: number });
  }
};

const takeLine = async (run: Run, place: Place): Promise<void> => {
  const { line, number } = place;
  if (run.sealed !== undefined && !run.trailing) {
    run.trailing = true;
    raise(run, number, 'after the seal');
  }
  if (line.fits && line.newline) return takeWhole(run, place);
  if (line.fits) return run.damage.take(number, line.bytes, 'cut off');
  if (run.longAt !== number) raise(run, number, 'line too long');
  run.longAt = number;
};

const summaryOf = (manifest: Manifest): ManifestSummary => {
  const { format, tenant, createdAt, creator, software, scope, events } = manifest;
  return { format, tenant, createdAt, creator, software, scope, events };
};

const finish = async (run: Run, options: VerifyOptions, end: { bytes: number; line: number }): Promise<Report> => {
  const { manifest, server, findings, log, sealed, recorded } = run;
  await run.damage.flush();
  const signed = await log.finish();
  if (sealed === undefined) findings.raise(end.line, { code: 'seal.mismatch', what: 'no seal' });
  const isSealed = sealed !== undefined && (await checkSeal(manifest, sealed, findings));
  const list = findings.list();
  const heads = log.heads();
  const counts = { ...log.counts(), replicas: Object.keys(heads).length, bytes: end.bytes };
  options.onProgress?.({ bytes: end.bytes, events: counts.events });
  return {
    usable: true,
    ok: list.length === 0,
    findings: list,
    omitted: findings.omitted(),
    counts,
    heads,
    ...signed,
    trust: trustOf({ manifest, options, server, isSealed, heads }),
    manifest: summaryOf(manifest),
    recorded,
  };
};

const NEWLINE = Uint8Array.of(0x0a);

const open = (line: Line, options: VerifyOptions): Run | VerifyFinding => {
  if (!line.fits) return { code: 'bundle.malformed', what: 'line too long' };
  try {
    return startRun(readManifest(readCanonical(line.bytes)), options);
  } catch (error) {
    return whatOf(error);
  }
};

/**
 * Checks an exported bundle from its bytes alone: every line, commit, signature, chain, receipt, and the seal.
 * A clean report says that the bytes are those that were sealed, and that each event is one that the named replicas
 * signed, none missing up to the named heads. It does not say who holds those keys: see `trust`, and pin what you know.
 * @throws StoreError `key.malformed`, `id.malformed` for keys in `options`; the reason of `options.signal` when aborted;
 * what `source` throws. Never because of the bytes: what cannot be read is a report with `usable: false`.
 */
export const verifyBundle = async (
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: VerifyOptions = {},
): Promise<Report> => {
  readPinned(options);
  const hash = startHash();
  const progress = paceProgress(options.onProgress);
  let run: Run | undefined;
  let number = 1;
  let bytes = 0;
  for await (const line of readLines(source, VERIFY_LIMITS.lineBytesMax)) {
    options.signal?.throwIfAborted();
    if (run === undefined) {
      const opened = open(line, options);
      if ('code' in opened) return unusable(opened, bytes + line.bytes.length);
      run = opened;
    } else {
      await takeLine(run, { line, number, digest: hash.digest });
    }
    hash.update(line.bytes);
    if (line.newline) hash.update(NEWLINE);
    bytes += line.bytes.length + (line.newline ? 1 : 0);
    number += line.newline ? 1 : 0;
    progress({ bytes, events: run.log.counts().events });
  }
  options.signal?.throwIfAborted();
  if (run === undefined) return unusable({ code: 'bundle.malformed', what: 'empty' }, bytes);
  return finish(run, options, { bytes, line: number });
};
