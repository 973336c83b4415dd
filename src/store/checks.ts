/** What an inspector asks of a store: verify everything held, and export it. */
import { position } from '../core/position.ts';
import { loadFastSha256 } from '../crypto/sha256.ts';
import { exportBundle } from '../export/bundle.ts';
import type { StoredRecord } from '../storage/port.ts';
import { isUnreadable } from '../streams/pastDamage.ts';
import { type LogReport, type VerifyFinding, verifyLog } from '../verify/index.ts';
import type { Session } from './session.ts';
import type { CheckOptions } from './types.ts';

const READ_BYTES = 1_048_576;

/** Every record from the first up to `size`, a bounded piece at a time. */
async function* recordsOf(session: Session, size: number): AsyncGenerator<StoredRecord> {
  let from = 0;
  while (from < size) {
    const records = await session.storage.read(position(from), READ_BYTES);
    if (records.length === 0) return;
    for (const record of records) {
      if (record.position >= size) return;
      yield record;
      from = record.position + record.commits.reduce((total, { events }) => total + events, 0);
    }
  }
}

/** The same, without what cannot be read. */
async function* readableOf(session: Session, size: number): AsyncGenerator<StoredRecord> {
  for await (const record of recordsOf(session, size)) {
    yield { ...record, commits: record.commits.filter((commit) => !isUnreadable(commit)) };
  }
}

async function* commitsOf(session: Session, size: number): AsyncGenerator<{ readonly bytes: Uint8Array }> {
  for await (const { commits } of readableOf(session, size)) yield* commits;
}

const receiptsOf = (session: Session): readonly string[] => {
  const { receipt } = session.mark();
  return receipt === null ? [] : [receipt.note];
};

/** Recomputes everything held against the heads and receipts known. */
export const verifySession = async (session: Session, options: CheckOptions): Promise<LogReport> => {
  await Promise.all([session.log.catchUp(), loadFastSha256()]);
  const { identity, log } = session;
  const heads = Object.fromEntries(log.heads());
  const report = await verifyLog(commitsOf(session, log.size()), {
    tenant: identity.tenant,
    heads,
    receipts: receiptsOf(session),
    server: session.mark().server,
    ...options,
  });
  const unreadable = session.storage.damage().map(({ position: at, end }): VerifyFinding => {
    return { code: 'storage.corrupt', what: `positions ${at} to ${end - 1}` };
  });
  return { ...report, ok: report.ok && unreadable.length === 0, findings: [...unreadable, ...report.findings] };
};

const unreadableEvents = (session: Session): number =>
  session.storage.damage().reduce((total, { position: at, end }) => total + end - at, 0);

/** Everything held, sealed by this replica. */
export const exportSession = async (session: Session, options: CheckOptions): Promise<Blob> => {
  await session.log.catchUp();
  for (;;) {
    const known = unreadableEvents(session);
    try {
      return await exportOnce(session, options);
    } catch (error) {
      // the manifest counts what can be read: damage that was only met on the way is counted the next time
      if (unreadableEvents(session) === known) throw error;
    }
  }
};

const exportOnce = async (session: Session, options: CheckOptions): Promise<Blob> => {
  const { identity, log, clock, storage, software } = session;
  const { user, role } = session.actor();
  const [end, unreadable] = [log.size(), unreadableEvents(session)];
  const bundle = exportBundle({
    tenant: identity.tenant,
    createdAt: new Date(clock.nowMs()).toISOString(),
    creator: { user, role },
    software,
    key: identity.key,
    events: end - unreadable,
    unreadable,
    heads: Object.fromEntries(log.heads()),
    server: session.mark().server,
    receipts: receiptsOf(session),
    records: readableOf(session, end),
    findings: await storage.readFindings(),
    ...options,
  });
  const pieces: BlobPart[] = [];
  for await (const piece of bundle) pieces.push(Uint8Array.from(piece));
  return new Blob(pieces, { type: 'application/jsonl' });
};
