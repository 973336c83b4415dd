/** What a device makes of a server that refuses, changed, lost something, or lies: states, findings, and nothing lost. */
import { expect, it } from 'vitest';
import { tenantId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { memoryStorage, StoreError } from '../../../src/index.ts';
import { type Disturbance, type SimulatedRequest, simulatedServer, UNDISTURBED } from '../../../src/testing/index.ts';
import { Visit } from '../store/trial.ts';
import { commitAfter, hex, KEY_A } from '../support.ts';
import { type Bed, makeBed, online } from './bed.ts';

const codes = async ({ store }: Bed) => (await store.findings()).map(({ code }) => code);
const failing =
  (code: ConstructorParameters<typeof StoreError>[0], kind?: SimulatedRequest['kind']) =>
  (request: SimulatedRequest): Disturbance =>
    kind === undefined || request.kind === kind ? { kind: 'fail', error: new StoreError(code) } : UNDISTURBED;
/** Changes the answer to one kind of message as a liar would: well-formed, but not what was said. */
const lying =
  (kind: SimulatedRequest['kind'], lie: (message: Record<string, unknown>) => object) =>
  (request: SimulatedRequest): Disturbance =>
    request.kind === kind
      ? { kind: 'alter-answer', alter: (text) => JSON.stringify(lie(JSON.parse(text))) }
      : UNDISTURBED;

/** A commit in base64 with one bit of its last event flipped. */
const damaged = (text: string): string => {
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 10] = (bytes.at(-10) ?? 0) ^ 1;
  return bytes.toString('base64');
};

it('what was recorded is acknowledged once the server has it: pending falls, the receipt covers it [SYN-05]', async () => {
  const bed = await makeBed();
  await bed.record('A', 'B', 'C');
  expect(bed.sync.status()).toMatchObject({
    state: 'offline',
    pending: 3,
    oldestPending: '2026-01-05T09:00:00.000Z',
    receipt: undefined,
  });
  expect(bed.store.aggregate(Visit, 'v').state().pending).toBe(3);
  expect(await online(bed)).toMatchObject({
    state: 'live',
    pending: 0,
    oldestPending: undefined,
    lastError: undefined,
  });
  expect(bed.sync.status().receipt).toMatchObject({ sequence: 3, size: 3 });
  expect(bed.store.aggregate(Visit, 'v').state().pending).toBe(0);
  expect(bed.messages).toEqual(['hello', 'pull', 'push']);
});

it.each([
  ['sync.unauthorised', 'unauthorised'],
  ['sync.unsupported-protocol', 'wedged'],
  ['server.forbidden', 'waiting'],
  ['sync.rate-limited', 'waiting'],
  ['server.internal', 'waiting'],
  ['sync.offline', 'waiting'],
] as const)(
  'a server that answers %s leads to %s, loses nothing, and sync goes on when it answers again [SYN-05, REC-09]',
  async (code, state) => {
    for (const kind of ['hello', 'pull', 'push'] as const) {
      const bed = await makeBed();
      await bed.record('A', 'B');
      bed.meet(failing(code, kind));
      expect(await online(bed)).toMatchObject({ state, lastError: code, pending: 2, attempts: 1 });
      bed.meet(() => UNDISTURBED);
      expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0, lastError: undefined, attempts: 0 });
      expect([bed.server.size(), await codes(bed)]).toEqual([2, []]);
    }
  },
);

it('a message of a newer protocol is told as such, any other wrong one as a wrong message [SYN-08]', async () => {
  const lies: readonly (readonly [string, (message: Record<string, unknown>) => object])[] = [
    ['sync.unsupported-protocol', (message) => ({ ...message, protocol: 2, more: 'new' })],
    ['sync.protocol', (message) => ({ ...message, more: 1 })],
    ['sync.protocol', ({ protocol }) => ({ protocol })],
    ['sync.protocol', () => []],
  ];
  for (const kind of ['hello', 'pull', 'push'] as const) {
    for (const [code, lie] of lies) {
      const bed = await makeBed();
      await bed.record('A');
      bed.meet(lying(kind, lie));
      expect(await online(bed), `${code} of ${kind}`).toMatchObject({ lastError: code, pending: 1 });
      bed.meet(() => UNDISTURBED);
      expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0 });
    }
  }
});

it('a greeting that was damaged on its way is no other key, and is asked for again [SYN-03]', async () => {
  const bed = await makeBed();
  await bed.record('A');
  await online(bed);
  bed.sync.setOnline(false);
  const alter = (text: string): string => text.replace('server.simulated+', 'szrver.simulated+');
  bed.meet(({ kind }) => (kind === 'hello' ? { kind: 'alter-answer', alter } : UNDISTURBED));
  expect(await online(bed)).toMatchObject({ state: 'waiting', lastError: 'key.malformed' });
  bed.meet(() => UNDISTURBED);
  expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0 });
  expect(await codes(bed)).toEqual([]);
});

it('an answer to a push without a receipt is no evidence that the server lost anything: the greeting tells [SYN-03]', async () => {
  const bed = await makeBed();
  await bed.record('A');
  await online(bed);
  const alter = (text: string): string => JSON.stringify({ ...JSON.parse(text), receipt: null });
  bed.meet(({ kind }) => (kind === 'push' ? { kind: 'alter-answer', alter } : UNDISTURBED));
  await bed.record('B');
  await bed.sync.now();
  bed.meet(() => UNDISTURBED);
  expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0 });
  expect(await codes(bed)).toEqual([]);
});

it('a server with another key than before is quarantined with a finding, and gets nothing until a person has looked [SYN-03]', async () => {
  const bed = await makeBed();
  await bed.record('A');
  await online(bed);
  await bed.server.renewKey();
  await bed.record('B');
  bed.sync.setOnline(false);
  expect(await online(bed)).toMatchObject({ state: 'quarantined', lastError: 'server.key-changed', pending: 1 });
  expect(await codes(bed)).toEqual(['server.key-changed']);
  await bed.record('C');
  bed.time.advance(3_600_000);
  expect(bed.sync.status()).toMatchObject({ state: 'quarantined', pending: 2 });
  expect(bed.server.size()).toBe(2 - 1);
});

it('a receipt of another device, or of something else, is not taken [SYN-03]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const other = await makeBed({ server });
  await other.record('A', 'B', 'C', 'D');
  await online(other);
  const foreign = JSON.parse(await server.answer({ kind: 'hello', replica: other.store.replica }));
  for (const receipt of [foreign.receipt, foreign.checkpoint, 'nothing of the kind']) {
    const bed = await makeBed({ server });
    await bed.record('A');
    bed.meet(lying('push', (message) => ({ ...message, receipt })));
    const status = await online(bed);
    expect(['receipt.mismatch', 'checkpoint.malformed']).toContain(status.lastError);
    expect(status).toMatchObject({ pending: 1, receipt: undefined });
    bed.meet(() => UNDISTURBED);
    expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0 });
  }
});

it('a server that was put back to a backup gets again what it lacks; pending rises first, and a finding says so [SYN-04, SYN-05, REC-09]', async () => {
  const bed = await makeBed();
  await bed.record('A', 'B');
  await online(bed);
  const restore = bed.server.backup();
  await bed.record('C', 'D', 'E');
  await bed.sync.now();
  expect(bed.sync.status()).toMatchObject({ pending: 0, receipt: { sequence: 5 } });
  restore();
  bed.sync.setOnline(false);
  bed.meet((request) => (request.kind === 'push' ? { kind: 'drop-request' } : UNDISTURBED));
  expect(await online(bed)).toMatchObject({ state: 'waiting', pending: 3, lastError: 'sync.offline' });
  expect(bed.store.aggregate(Visit, 'v').state().pending).toBe(3);
  expect(await codes(bed)).toEqual(['server.rolled-back']);
  bed.meet(() => UNDISTURBED);
  expect(await bed.sync.now()).toMatchObject({ state: 'live', pending: 0, receipt: { sequence: 5 } });
  expect(bed.server.size()).toBe(5);
});

it('a server that gives everything again is greeted once, however many pages that takes [SYN-04]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [one, other] = [await makeBed({ server }), await makeBed({ server })];
  await other.record('B');
  await online(other);
  const names = Array.from({ length: LIMITS.batchCommitsMax + 1 }, (_, at) => `A${at}`);
  await one.record(...names);
  await online(one);
  const restore = server.backup();
  await one.record('C');
  await one.sync.now();
  await other.sync.now();
  restore();
  const before = other.messages.length;
  await other.sync.now();
  const met = other.messages.slice(before);
  // two pages of what is held; only then is asked what the server lacks of the one other replica
  expect(met.slice(0, met.indexOf('push'))).toEqual(['pull', 'hello', 'pull', 'hello']);
  expect(other.sync.status()).toMatchObject({ state: 'live', pending: 0 });
  expect(server.size()).toBe(names.length + 2);
});

it('a server that was put back before the device was first heard of gets everything again [SYN-04, REC-09]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const restore = server.backup();
  const [one, other] = [await makeBed({ server }), await makeBed({ server })];
  await one.record('A', 'B');
  await online(one);
  await online(other);
  await other.record('C');
  await other.sync.now();
  restore();
  for (const bed of [other, one, other, one]) {
    bed.sync.setOnline(false);
    await online(bed);
  }
  expect([one.sync.status().pending, other.sync.status().pending, server.size()]).toEqual([0, 0, 3]);
  expect([one.store.size(), other.store.size()]).toEqual([3, 3]);
});

it('a mark that was lost costs an exchange and nothing else: what the server has is acknowledged without being sent [SYN-02, SYN-05]', async () => {
  const storage = memoryStorage();
  const first = await makeBed({ storage, name: 'kept' });
  await first.record('A', 'B', 'C');
  await online(first);
  await first.store.close();
  const connection = await storage.open('kept');
  await connection.writeMarks({ sync: 'damaged' });
  const again = await makeBed({ server: first.server, storage, name: 'kept' });
  expect(again.sync.status().pending).toBe(3);
  await again.record('D');
  expect(await online(again)).toMatchObject({ state: 'live', pending: 0, receipt: { sequence: 4 } });
  expect([again.server.size(), await codes(again)]).toEqual([4, []]);
});

it('a commit that the server refuses for ever is kept and shown with its code; capture and pulls go on [SYN-07]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [bed, other] = [await makeBed({ server }), await makeBed({ server })];
  await bed.record('A');
  const damagedBody = (body: string): string => {
    const push = JSON.parse(body);
    return JSON.stringify({ ...push, commits: push.commits.map(damaged) });
  };
  bed.meet(({ kind }) => (kind === 'push' ? { kind: 'alter-request', alter: damagedBody } : UNDISTURBED));
  expect(await online(bed)).toMatchObject({ state: 'wedged', lastError: 'chain.leaf-mismatch', pending: 1 });
  await bed.record('B');
  await other.record('X');
  await online(other);
  await bed.sync.now();
  expect(bed.sync.status()).toMatchObject({ state: 'wedged', pending: 2 });
  expect(bed.store.size()).toBe(3);
  expect((await bed.store.verify()).ok).toBe(true);
});

it('a pulled commit that is damaged is evidence: kept with its bytes, nothing of it stored, quarantined when it repeats [SYN-03]', async () => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const other = await makeBed({ server });
  await other.record('A', 'B');
  await online(other);
  const bed = await makeBed({ server });
  bed.meet(lying('pull', (message) => ({ ...message, commits: (message['commits'] as string[]).map(damaged) })));
  expect(await online(bed)).toMatchObject({ state: 'waiting', lastError: 'chain.leaf-mismatch' });
  await bed.sync.now();
  expect(await bed.sync.now()).toMatchObject({ state: 'quarantined', attempts: 3 });
  const findings = await bed.store.findings();
  expect(findings.map(({ code, replica }) => [code, replica])).toEqual([['chain.leaf-mismatch', other.store.replica]]);
  expect(bed.store.size()).toBe(0);
  bed.meet(() => UNDISTURBED);
  expect(await bed.sync.now()).toMatchObject({ state: 'live', lastError: undefined });
  expect(bed.store.size()).toBe(2);
});

it('a commit of another tenant is refused as evidence, and nothing of it is stored [SYN-03, SRV-06]', async () => {
  const bed = await makeBed();
  const stranger = await commitAfter(KEY_A, emptyHead(replicaIdOf(KEY_A.publicKey), tenantId('other')), 1, {
    context: { tenant: tenantId('other') },
  });
  bed.meet(lying('pull', (message) => ({ ...message, commits: [Buffer.from(stranger.bytes).toString('base64')] })));
  expect(await online(bed)).toMatchObject({ state: 'waiting', lastError: 'sync.wrong-tenant' });
  expect([bed.store.size(), await codes(bed)]).toEqual([0, ['sync.wrong-tenant']]);
});

it('a retry sends the very bytes that were sealed [SYN-02]', async () => {
  const bed = await makeBed();
  await bed.record('A', 'B');
  const bodies: string[] = [];
  bed.meet((request) => {
    if (request.kind === 'push') bodies.push(request.body);
    return request.kind === 'push' && bodies.length < 3 ? { kind: 'drop-answer' } : UNDISTURBED;
  });
  await online(bed);
  await bed.sync.now();
  expect(new Set(bodies).size).toBe(1);
  const sent = JSON.parse(bodies[0] ?? '').commits.map((text: string) => hex(Buffer.from(text, 'base64')));
  expect(bed.server.commits().map(hex)).toEqual(sent);
});
