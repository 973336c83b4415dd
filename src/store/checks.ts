/** What an inspector asks of a store: verify everything held, and export it. */
import { position } from '../core/position.ts';
import { loadFastSha256 } from '../crypto/sha256.ts';
import { exportBundle } from '../export/bundle.ts';
import type { StoredRecord } from '../storage/port.ts';
import { type LogReport, verifyLog } from '../verify/index.ts';
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

async function* commitsOf(session: Session, size: number): AsyncGenerator<{ readonly bytes: Uint8Array }> {
  for await (const record of recordsOf(session, size)) yield* record.commits;
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
  return verifyLog(commitsOf(session, log.size()), {
    tenant: identity.tenant,
    heads,
    receipts: receiptsOf(session),
    server: session.mark().server,
    ...options,
  });
};

/** Everything held, sealed by this replica. */
export const exportSession = async (session: Session, options: CheckOptions): Promise<Blob> => {
  await session.log.catchUp();
  const { identity, log, clock, storage, software } = session;
  const { user, role } = session.actor();
  const events = log.size();
  const bundle = exportBundle({
    tenant: identity.tenant,
    createdAt: new Date(clock.nowMs()).toISOString(),
    creator: { user, role },
    software,
    key: identity.key,
    events,
    heads: Object.fromEntries(log.heads()),
    server: session.mark().server,
    receipts: receiptsOf(session),
    records: recordsOf(session, events),
    findings: await storage.readFindings(),
    ...options,
  });
  const pieces: BlobPart[] = [];
  for await (const piece of bundle) pieces.push(Uint8Array.from(piece));
  return new Blob(pieces, { type: 'application/jsonl' });
};
