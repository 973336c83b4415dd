/** Databases that were put back or copied: found at the next sync, told, and nothing of them lost or hidden. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { position, size } from '../../../src/core/position.ts';
import { type HealthState, memoryStorage, Replica, type StorageAdapter, type Store } from '../../../src/index.ts';
import { simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { verifyBundle } from '../../../src/verify/index.ts';
import { item, Visit } from '../store/trial.ts';
import { type Bed, makeBed, online } from './bed.ts';

/** A copy of a database as it is now, as a backup of a disk would be. */
const copyOf = async (storage: StorageAdapter, name: string): Promise<StorageAdapter> => {
  const copy = memoryStorage();
  const [from, to] = [await storage.open(name), await copy.open(name)];
  for (const [at, identity] of (await from.readIdentities()).entries())
    await to.keepIdentity(identity, at === 0 ? undefined : (await from.readIdentities())[at - 1]?.replica);
  for (const { commits } of await from.read(position(0), Number.MAX_SAFE_INTEGER))
    await to.append({ expectedSize: await to.size(), commits, marks: {} });
  await to.writeMarks(await from.readMarks());
  await Promise.all([from.close(), to.close()]);
  return copy;
};

const health = (store: Store): Promise<HealthState> => firstValueFrom(store.health$);
const codes = async ({ store }: Bed) => (await store.findings()).map(({ code }) => code);
const items = ({ store }: Bed) => store.aggregate(Visit, 'v').state().context.items;
const set = (bed: Bed, name: string, value: number) =>
  bed.store.aggregate(Visit, 'v').send(item(name, value), { reason: 'r' });

/** Settled with each other: two rounds of everybody. */
const exchange = async (...beds: readonly Bed[]): Promise<void> => {
  for (let round = 0; round < 3; round++) for (const bed of beds) await online(bed).then(() => bed.sync.now());
};

let names = 0;
/** A device with `sent` events at the server, and a copy of its database from then. */
const copied = async (sent: readonly string[], unsent: readonly string[] = []) => {
  names += 1;
  const name = `copied-${names}`;
  const storage = memoryStorage();
  const server = await simulatedServer({ tenant: 'acme-042' });
  const original = await makeBed({ server, storage, name });
  await original.record(...sent);
  await online(original);
  original.sync.setOnline(false);
  await original.record(...unsent);
  return { server, original, storage, name, copy: await copyOf(storage, name) };
};

it('a database that was put back gives way to a new replica, in the same session, and the newer events come back [REC-16, SYN-05]', async () => {
  const { server, original, name, copy } = await copied(['A', 'B']);
  await original.record('C', 'D');
  await online(original);
  await original.store.close();
  const back = await makeBed({ server, storage: copy, name });
  const old = back.store.replica;
  expect(back.store.size()).toBe(2);
  expect(await online(back)).toMatchObject({ state: 'live', pending: 0, lastError: undefined });
  expect(back.store.replica).not.toBe(old);
  expect(items(back)).toEqual({ A: 1, B: 1, C: 1, D: 1 });
  expect(await codes(back)).toEqual(['receipt.ahead-of-log']);
  expect((await health(back.store)).losses).toMatchObject([
    { replica: old, reason: 'shorter', sequence: 4, held: 4, unconfirmed: 0, heldHereOnly: 0 },
  ]);
  const closed = back.store.aggregate(Replica, old).state();
  expect(closed).toMatchObject({ value: 'closed', context: { reason: 'shorter', sequence: 4 }, pending: 0 });
  await set(back, 'E', 5);
  await back.sync.now();
  expect(server.size()).toBe(6); // four events, the closing, and one of the new replica
  expect((await back.store.verify()).ok).toBe(true);
});

it('what a put-back database had not sent is sent as it was sealed, when the server goes on from there [REC-16, REC-09]', async () => {
  const { server, original, name, copy } = await copied(['A', 'B'], ['C', 'D']);
  const other = await makeBed({ server });
  await original.store.close();
  // the marker knows of more than there is, so the replica is closed with two events still unsent
  const known = await memoryMarkerOf(original, { sequence: 9, size: 9 });
  const back = await makeBed({ server, storage: copy, name, known });
  expect((await health(back.store)).losses).toMatchObject([{ reason: 'shorter', sequence: 9, held: 4 }]);
  expect(back.sync.status().pending).toBe(3); // C and D of the old replica, the closing of the new one
  await exchange(back, other);
  expect(back.sync.status()).toMatchObject({ state: 'live', pending: 0 });
  expect(items(other)).toEqual({ A: 1, B: 1, C: 1, D: 1 });
  expect(server.size()).toBe(5);
});

const memoryMarkerOf = async ({ store }: Bed, known: { readonly sequence: number; readonly size: number }) => {
  const text = JSON.stringify({
    ...{ format: 1, replica: store.replica, link: '0'.repeat(64), receipt: null, receiptSequence: 2, ...known },
    ...{ createdAt: '2026-01-05T08:00:00.000Z', seenAt: '2026-01-05T08:30:00.000Z' },
  });
  return { read: async () => text, write: async () => undefined };
};

it('a copy that went on under the same name is found: both heads are kept, and each device goes on as a replica of its own [REC-16, SRV-08]', async () => {
  const { server, original, name, copy } = await copied(['A', 'B']);
  const other = await makeBed({ server });
  const clone = await makeBed({ server, storage: copy, name: `${name}` });
  const old = clone.store.replica;
  expect(old).toBe(original.store.replica);
  await original.record('C');
  await clone.record('X', 'Y');
  await online(original);
  expect(await online(clone)).toMatchObject({ lastError: undefined });
  await exchange(clone, original, other);
  expect(clone.store.replica).not.toBe(old);
  expect(original.store.replica).toBe(old);
  const kept = await codes(clone);
  expect(kept).toContain('receipt.mismatch');
  expect(kept).toContain('chain.fork');
  // nothing of the clone is hidden or lost, though it can never be sent
  expect(items(clone)).toMatchObject({ A: 1, B: 1, X: 1, Y: 1 });
  const state = await health(clone.store);
  expect(state).toMatchObject({ heldHereOnly: 2, sync: { state: 'live' } });
  expect(state.losses).toMatchObject([{ replica: old, heldHereOnly: 2 }]);
  // the new replica's own events reach everybody
  expect((await set(clone, 'Z', 9)).kind).toBe('committed');
  await exchange(clone, original, other);
  expect(items(other)).toEqual({ A: 1, B: 1, C: 1, Z: 9 });
  expect(items(original)).toEqual(items(other));
  // what is only there can be corrected there, and settled with what the others wrote of it
  expect((await set(clone, 'X', 2)).kind).toBe('committed');
  expect(clone.store.aggregate(Visit, 'v').state()).toMatchObject({ conflicts: [], inapplicable: 0 });
  await set(other, 'Y', 5);
  await exchange(clone, other, original, clone);
  const { conflicts } = clone.store.aggregate(Visit, 'v').state();
  expect(conflicts.map(({ key }) => key)).toEqual(['Y']);
  const resolves = conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  await clone.store.aggregate(Visit, 'v').send(item('Y', 6), { reason: 'r', resolves });
  await exchange(clone, other, original, clone);
  for (const bed of [clone, other, original])
    expect(bed.store.aggregate(Visit, 'v').state()).toMatchObject({
      conflicts: [],
      context: { items: { X: 2, Y: 6, Z: 9 } },
    });
  // both branches leave the device with an export: one in the log, the other as evidence
  const bundle = new Uint8Array(await (await clone.store.export()).arrayBuffer());
  const report = await verifyBundle(
    (async function* () {
      yield bundle;
    })(),
    {},
  );
  expect(report.counts.events).toBe(clone.store.size());
  expect(report.recorded.map(({ code }) => code)).toEqual(expect.arrayContaining(['receipt.mismatch', 'chain.fork']));
});

it('an event that was recorded after the fork was found, and a restart, do not bring the old name back [REC-16]', async () => {
  const { server, original, name, copy } = await copied(['A']);
  const clone = await makeBed({ server, storage: copy, name });
  await original.record('C');
  await clone.record('X');
  await online(original);
  await exchange(clone);
  const { replica } = clone.store;
  await clone.record('Y');
  await clone.store.close();
  const again = await makeBed({ server, storage: copy, name });
  expect(again.store.replica).toBe(replica);
  expect(await online(again)).toMatchObject({ state: 'live', pending: 0 });
  expect(await health(again.store)).toMatchObject({ heldHereOnly: 1 });
  expect(items(again)).toEqual({ A: 1, X: 1, Y: 1 });
  expect(await codes(again)).toEqual(await codes(clone).catch(() => codes(again)));
});

it('another tab of the database goes on as the new replica, and seals nothing under the old name [REC-16, REC-03]', async () => {
  const { server, original, name, copy } = await copied(['A']);
  const [tab, second] = [
    await makeBed({ server, storage: copy, name }),
    await makeBed({ server, storage: copy, name }),
  ];
  await original.record('C');
  await online(original);
  await exchange(tab);
  expect((await set(second, 'Q', 7)).kind).toBe('committed');
  expect(second.store.replica).toBe(tab.store.replica);
  await exchange(second, tab, original);
  for (const bed of [tab, second, original]) expect(items(bed)).toEqual({ A: 1, C: 1, Q: 7 });
  expect(second.sync.status().pending).toBe(0);
});

it('a server that contradicts the new replica too is quarantined: a person has to look [SYN-05, SRV-08]', async () => {
  const { server, original, name, copy } = await copied(['A']);
  await original.record('C');
  await online(original);
  const back = await makeBed({ server, storage: copy, name });
  await online(back);
  const second = back.store.replica;
  const again = await copyOf(copy, name);
  await back.record('D', 'E');
  await back.sync.now();
  await back.store.close();
  const third = await makeBed({ server, storage: again, name });
  expect(third.store.replica).toBe(second);
  await online(third);
  expect(third.store.replica).not.toBe(second);
  // the same server now vouches for more of the third replica than it ever got
  const claims = JSON.parse(await server.answer({ kind: 'hello', replica: second }));
  third.sync.setOnline(false);
  third.meet((request) =>
    request.kind === 'hello'
      ? { kind: 'alter-answer', alter: (text) => JSON.stringify({ ...JSON.parse(text), receipt: claims.receipt }) }
      : UNDISTURBED,
  );
  expect((await online(third)).lastError).toBe('receipt.mismatch');
  expect((await health(third.store)).losses).toHaveLength(2);
});

it('a device that is online and records nothing notices in time that a copy of its database goes on [REC-16]', async () => {
  const { server, original, name, copy } = await copied(['A']);
  const idle = await makeBed({ server, storage: copy, name });
  await online(idle);
  await original.record('B');
  await online(original);
  for (let round = 0; round < 60; round++) await idle.sync.now();
  expect(items(idle)).toEqual({ A: 1, B: 1 });
  expect(idle.store.replica).not.toBe(original.store.replica);
  expect(idle.sync.status()).toMatchObject({ state: 'live', lastError: undefined });
});

it('a commit in the place of another one is refused and kept as evidence, however far behind the head [REC-06]', async () => {
  const { server, original, name, copy } = await copied(['A']);
  const clone = await makeBed({ server: await simulatedServer({ tenant: 'acme-042' }), storage: copy, name });
  await original.record('B', 'C', 'D', 'E');
  await clone.record('X');
  await online(original);
  const other = await makeBed({ server });
  await online(other);
  const [held] = await (await copy.open(name)).readAt([position(1)]);
  const forged = held?.commits.at(-1)?.bytes ?? new Uint8Array(0);
  const before = other.store.size();
  other.meet((request) =>
    request.kind === 'pull'
      ? {
          kind: 'alter-answer',
          alter: (text) => JSON.stringify({ ...JSON.parse(text), commits: [Buffer.from(forged).toString('base64')] }),
        }
      : UNDISTURBED,
  );
  other.sync.setOnline(false);
  expect(await online(other)).toMatchObject({ lastError: 'chain.fork' });
  const [finding] = await other.store.findings();
  expect(finding).toMatchObject({ code: 'chain.fork', sequence: 2, replica: original.store.replica });
  expect([other.store.size(), size(before)]).toEqual([before, before]);
});
