/**
 * The key sheet between devices: rows go to the server and come from it, and what two devices did to one row is put
 * together here, where the key is held: the server cannot.
 *
 * Invariants: destroyed wins for ever, whatever the server says and whatever it was restored to; of two copies of a key
 * every value that either has lost stays lost; a row is given up for another only after its punctures are in that other.
 * Where the wrapping key is not held, nothing is put together: what was changed here waits for somebody who holds it.
 * Law: `keySheet.laws` (three devices, any interleaving of making, destroying, syncing and lost answers).
 */
import { StoreError } from '../core/errors.ts';
import type { KeyId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Entropy } from '../core/ports.ts';
import { sameBytes } from '../crypto/bytes.ts';
import { type DataKey, meetKeys } from '../crypto/dataKey.ts';
import type { CarriedRow, KeyCarrier, KeyExchange, RowChange } from '../crypto/keyRows.ts';
import { unwrapRow, type WrappingKey, wrapUnder } from './rows.ts';
import type { KeySheetStorage, SheetRow, StoredRow } from './sheet.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export type CarryingParts = {
  readonly sheet: KeySheetStorage;
  readonly entropy: Entropy;
  /** Wrapping keys of the user, oldest first. @throws StoreError `key.locked` */
  readonly held: () => Promise<readonly WrappingKey[]>;
  /** Hears which rows came from elsewhere. */
  readonly received: (ids: readonly KeyId[]) => void;
};

const TRIES_MAX = 8;
/** Rounds of sending in one exchange: a row that is always stale waits for the next one. */
const ROUNDS_MAX = 4;

const sameContent = (a: DataKey, b: DataKey): boolean => {
  const [first, second] = [a.encode(), b.encode()];
  const same = sameBytes(first, second);
  first.fill(0);
  second.fill(0);
  return same;
};

const sameWrap = (a: Bytes | undefined, b: Bytes | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b);

/** The row that stands for what both have; undefined where that cannot be told here. */
const merging = ({ entropy, held }: CarryingParts) => {
  const together = async (
    here: StoredRow,
    there: SheetRow & { readonly revision: number },
    wraps: readonly [Bytes, Bytes],
  ) => {
    const keys = await held();
    const [by, other] = [here, there].map(({ under }) => keys.findIndex(({ id }) => id === under));
    const [mine, theirs] = [keys[by ?? -1], keys[other ?? -1]];
    if (by === undefined || other === undefined || mine === undefined || theirs === undefined) return undefined;
    const [one, two] = [await unwrapRow(mine, here, wraps[0]), await unwrapRow(theirs, there, wraps[1])];
    const both = meetKeys(one, two);
    try {
      const isNewer = other >= by;
      if (isNewer && sameContent(both, two)) return { ...there, version: here.version + 1, isUnsent: false };
      if (by >= other && sameContent(both, one)) return { ...here, revision: there.revision, isUnsent: true };
      const { scope } = here;
      const row = await wrapUnder(isNewer ? theirs : mine, { scope, version: here.version + 1 }, both, entropy);
      return { ...row, revision: there.revision, isUnsent: true };
    } finally {
      for (const key of [one, two, both]) key.wipe();
    }
  };
  return async (here: StoredRow | undefined, carried: CarriedRow): Promise<StoredRow | undefined> => {
    const { revision } = carried;
    if (here === undefined) return { ...carried, version: 0, isUnsent: false };
    if (here.scope !== carried.scope) throw new StoreError('key.data-malformed', { key: carried.id, what: 'scope' });
    const there = { ...carried, version: here.version };
    if (sameWrap(here.wrap, carried.wrap)) return { ...here, revision, isUnsent: false };
    if (carried.wrap === undefined) return { ...there, version: here.version + 1, isUnsent: false };
    if (here.wrap === undefined) return { ...here, revision, isUnsent: true };
    const merged = await together(here, there, [here.wrap, carried.wrap]);
    if (merged !== undefined) return merged;
    // not held here: what nobody changed on this device follows the server, forward only
    const follows = !here.isUnsent && revision > here.revision;
    return follows ? { ...there, version: here.version + 1, isUnsent: false } : undefined;
  };
};

const isSameRow = (a: StoredRow | undefined, b: StoredRow): boolean =>
  a !== undefined && a.version === b.version && a.revision === b.revision && a.isUnsent === b.isUnsent;

/** Takes rows as the server has them. A tab that is faster is read again. */
const taking = (parts: CarryingParts) => {
  const merge = merging(parts);
  const { sheet } = parts;
  /** True if the key is another one than before. */
  const take = async (carried: CarriedRow): Promise<boolean> => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const here = await sheet.byId(carried.id);
      const next = await merge(here, carried);
      if (next === undefined || isSameRow(here, next)) return false;
      if (await sheet.receive(next, here?.version)) return here === undefined || next.version !== here.version;
    }
    throw new StoreError('vault.contention');
  };
  return async (rows: readonly CarriedRow[]): Promise<void> => {
    const changed: KeyId[] = [];
    for (const row of rows) if (await take(row)) changed.push(row.id);
    if (changed.length > 0) parts.received(changed);
  };
};

const fetchAll = async (
  { sheet }: CarryingParts,
  take: ReturnType<typeof taking>,
  carrier: KeyCarrier,
  signal: AbortSignal,
): Promise<void> => {
  for (let more = true; more; ) {
    const after = await sheet.cursor();
    const page = await carrier.fetch(after, signal);
    await take(page.rows);
    if (page.cursor !== after) await sheet.setCursor(page.cursor);
    more = page.more && page.cursor !== after;
  }
};

/** Unsent rows in messages within their limits; each row as it is when its message goes. */
async function* batches(sheet: KeySheetStorage): AsyncGenerator<readonly StoredRow[]> {
  let batch: StoredRow[] = [];
  let bytes = 0;
  for (const id of await sheet.unsent()) {
    const row = await sheet.byId(id);
    if (row?.isUnsent !== true) continue;
    const length = row.wrap?.length ?? 0;
    if (batch.length >= LIMITS.keyRowsMax || (batch.length > 0 && bytes + length > LIMITS.keyRowBytesMax)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}

const changeOf = ({ id, scope, under, wrap, revision }: StoredRow): RowChange => ({
  ...{ id, scope, under, wrap },
  replaces: revision,
});

const sendAll = async (
  { sheet }: CarryingParts,
  take: ReturnType<typeof taking>,
  carrier: KeyCarrier,
  signal: AbortSignal,
): Promise<void> => {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let stale = 0;
    for await (const rows of batches(sheet)) {
      const verdicts = await carrier.send(rows.map(changeOf), signal);
      if (verdicts.length !== rows.length) throw new StoreError('sync.protocol', { path: 'verdicts' });
      for (const [at, row] of rows.entries()) {
        const verdict = verdicts[at];
        if (verdict?.kind === 'stored') await sheet.sent(row.id, { version: row.version, revision: verdict.revision });
        if (verdict?.kind !== 'stale') continue;
        stale += 1;
        if (verdict.row.id !== row.id) throw new StoreError('sync.protocol', { path: 'verdicts' });
        await take([verdict.row]);
      }
    }
    if (stale === 0) return;
  }
};

/** The exchange of one session's key sheet. `changed$`: how to hear of changes that were made here. */
export const carrySheet = (parts: CarryingParts, onUnsent: KeyExchange['onUnsent']): KeyExchange => {
  const take = taking(parts);
  return {
    exchange: async (carrier, signal) => {
      await parts.held();
      await fetchAll(parts, take, carrier, signal);
      await sendAll(parts, take, carrier, signal);
    },
    send: async (carrier, signal) => {
      await parts.held();
      await sendAll(parts, take, carrier, signal);
    },
    startAgain: () => parts.sheet.startAgain(),
    onUnsent,
  };
};
