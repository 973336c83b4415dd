/** Changed since, enumerated: who wrote the event, what its author had seen, what it is, and when it arrived. */
import { expect, it } from 'vitest';
import type { HashedEvent } from '../../../src/crypto/signerEvents.ts';
import { personOf } from '../signing/people.ts';
import { contentOf, FORM, OTHER_FORM, openWorld } from '../signing/world.ts';
import { KEY_A, KEY_B } from '../support.ts';

const MAYER = await personOf('dr-mayer', 'Dr. Ana Mayer');

const AUTHORS = ['the same device', 'another device'] as const;
const SEEN = ['all that was signed', 'a part of it', 'nothing of it'] as const;
const KINDS = ['data', 'status', 'data of another record'] as const;
const ARRIVALS = ['signed', 'not signed, in the log before', 'not signed, in the log after'] as const;

const ROWS = AUTHORS.flatMap((author) =>
  SEEN.flatMap((seen) => KINDS.flatMap((kind) => ARRIVALS.map((arrival) => ({ author, seen, kind, arrival })))),
);

it.each(ROWS)(
  'follows from the set of events: by $author, having seen $seen, $kind, $arrival [SIG-05]',
  async ({ author, seen, kind, arrival }) => {
    const world = openWorld();
    const account = await world.account(KEY_A, MAYER);
    const first = await world.item(KEY_A, 'BP.SYS');
    const second = await world.item(KEY_A, 'BP.DIA', [first]);
    const items = [first, second];
    const known = { 'all that was signed': items, 'a part of it': [first], 'nothing of it': [] }[seen];
    const stream = kind === 'data of another record' ? OTHER_FORM : FORM;
    const type = kind === 'status' ? 'FormLocked' : 'ItemRecorded';
    const write = (): Promise<HashedEvent> =>
      world.write(author === 'the same device' ? KEY_A : KEY_B, { stream, type, payload: { item: 'X' }, seen: known });
    const before = arrival === 'not signed, in the log after' ? undefined : await write();
    const covered = arrival === 'signed' && before !== undefined ? [...items, before] : items;
    await world.act(KEY_A, contentOf(MAYER, account, covered), { signedBy: MAYER.key });
    if (before === undefined) await write();
    const { findings, signatures } = await world.verify();
    const changes = kind === 'data' && arrival !== 'signed';
    expect(findings).toEqual([]);
    expect(signatures.map(({ state, later }) => [state, later])).toEqual([
      changes ? ['changed-since', 1] : ['intact', 0],
    ]);
  },
);

it('counts every event, stays through a withdrawal, and is mended by signing again [SIG-05]', async () => {
  const world = openWorld();
  const account = await world.account(KEY_A, MAYER);
  const first = await world.item(KEY_A, 'BP.SYS');
  await world.act(KEY_A, contentOf(MAYER, account, [first]), { signedBy: MAYER.key });
  const second = await world.item(KEY_A, 'BP.DIA', [first]);
  const third = await world.item(KEY_B, 'PULSE', [first]);
  const all = contentOf(MAYER, account, [first, second, third]);
  await world.act(KEY_A, all, { signedBy: MAYER.key, id: '2' });
  const { findings, signatures } = await world.verify();
  expect(findings).toEqual([]);
  expect(signatures.map(({ id, state, later }) => [id, state, later])).toEqual([
    ['1', 'changed-since', 2],
    ['2', 'intact', 0],
  ]);
});
