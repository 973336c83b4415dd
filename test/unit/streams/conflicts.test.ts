/** Conflicts as an application meets them: both values with their authors, no further edit, and an end with a reason. */
import { expect, it } from 'vitest';
import { defineRollup } from '../../../src/index.ts';
import { simulatedServer } from '../../../src/testing/index.ts';
import { casebook, item, LOCK, UNLOCK, Visit } from '../store/trial.ts';
import { type Bed, makeBed, online } from '../sync/bed.ts';

const two = async (): Promise<readonly [Bed, Bed]> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  return [await makeBed({ server }), await makeBed({ server })];
};
const exchange = async (...beds: readonly Bed[]): Promise<void> => {
  for (const bed of [...beds, ...beds]) await online(bed);
};
const visitOf = ({ store }: Bed) => store.aggregate(Visit, 'v');

it('two edits of one item, apart, are shown as a conflict with both values and who made them, equal on both devices and in their rows [CNF-01, CNF-03, PRJ-13]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(item('BP', 120));
  await visitOf(b).send(item('BP', 121));
  await exchange(a, b);
  const shown = visitOf(a)
    .state()
    .conflicts.map(({ key, heads }) => ({
      key,
      values: heads.map(({ payload, context }) => [payload['value'], context.actor.user, context.replica]),
    }));
  const expected = [
    [120, 'nurse-1', a.store.replica],
    [121, 'nurse-1', b.store.replica],
  ].sort((one, other) => (String(one[2]) < String(other[2]) ? -1 : 1));
  expect(shown).toEqual([{ key: 'BP', values: expected }]);
  expect(
    visitOf(b)
      .state()
      .conflicts.map(({ heads }) => heads.map(({ body }) => body.id)),
  ).toEqual(
    visitOf(a)
      .state()
      .conflicts.map(({ heads }) => heads.map(({ body }) => body.id)),
  );
  expect(a.store.view(casebook).rows()).toEqual(b.store.view(casebook).rows());
  expect(a.store.view(casebook).rows()).toMatchObject([{ conflicts: 1, conflicted: true }]);
});

it('a rollup counts the rows that are in conflict, and no longer when they are settled [CNF-03, PRJ-13]', async () => {
  const contested = defineRollup({
    name: 'contested',
    of: casebook,
    groupBy: [],
    measures: { visits: { count: {} }, contested: { count: { conflicted: true } } },
  });
  const server = await simulatedServer({ tenant: 'acme-042' });
  const views = [casebook, contested];
  const [a, b] = [await makeBed({ server, views }), await makeBed({ server, views })];
  for (const [count, { store }] of [a, b].entries()) {
    await store.aggregate(Visit, 'v').send(item('BP', count));
    await store.aggregate(Visit, 'w').send(item(`I${count}`, count));
  }
  await exchange(a, b);
  for (const { store } of [a, b]) expect(store.view(contested).rows()).toEqual([{ visits: 2, contested: 1 }]);
  await visitOf(a).resolve(visitOf(a).state().conflicts, [item('BP', 7)], { reason: 'source checked' });
  await exchange(a, b);
  for (const { store } of [a, b]) expect(store.view(contested).rows()).toEqual([{ visits: 2, contested: 0 }]);
});

it('edits of different items merge without a conflict [CNF-02]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(item('BP', 120));
  await visitOf(b).send(item('HR', 70));
  await exchange(a, b);
  for (const bed of [a, b])
    expect(visitOf(bed).state()).toMatchObject({ context: { items: { BP: 120, HR: 70 } }, conflicts: [] });
});

it('while an item is in conflict it takes no edit that does not settle it; other items do [CNF-03, CNF-04]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(item('BP', 120));
  await visitOf(b).send(item('BP', 121));
  await exchange(a, b);
  const { conflicts } = visitOf(a).state();
  const heads = conflicts[0]?.heads.map(({ body }) => body.id) ?? [];
  const refused = await visitOf(a).send(item('BP', 125), { reason: 'measured again' });
  expect(refused).toMatchObject({ kind: 'conflict', conflicts: [{ key: 'BP' }] });
  expect(await visitOf(a).send(item('BP', 125), { reason: 'one', resolves: heads.slice(0, 1) })).toMatchObject({
    kind: 'conflict',
  });
  expect(await visitOf(a).send(LOCK)).toMatchObject({ kind: 'conflict' });
  expect(await visitOf(a).send(item('HR', 70))).toMatchObject({ kind: 'committed' });
  expect(visitOf(a).state().conflicts).toHaveLength(1);
});

it('a conflict ends by an event that names both heads, with who decided and why, and is over on every device [CNF-04]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(item('BP', 120));
  await visitOf(b).send(item('BP', 121));
  await exchange(a, b);
  const resolves = visitOf(b)
    .state()
    .conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  expect(await visitOf(b).send(item('BP', 121), { resolves })).toMatchObject({
    kind: 'refused',
    why: 'reason-required',
  });
  expect(await visitOf(b).send(item('BP', 121), { resolves, reason: 'source checked' })).toMatchObject({
    kind: 'committed',
  });
  await exchange(b, a);
  for (const bed of [a, b]) {
    expect(visitOf(bed).state()).toMatchObject({ conflicts: [], context: { items: { BP: 121 } } });
    const last = (await visitOf(bed).history()).at(-1);
    expect(last).toMatchObject({ resolves, reason: 'source checked', actor: { user: 'nurse-1' } });
  }
});

it('a resolution needs a reason even where an edit needs none [CNF-04]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(LOCK);
  await visitOf(b).send(LOCK);
  await exchange(a, b);
  const resolves = visitOf(a)
    .state()
    .conflicts.flatMap(({ heads }) => heads.map(({ body }) => body.id));
  expect(await visitOf(a).send(UNLOCK, { resolves })).toMatchObject({ kind: 'refused', why: 'reason-required' });
  expect(await visitOf(a).send(UNLOCK, { resolves, reason: 'agreed' })).toMatchObject({ kind: 'committed' });
  expect(visitOf(a).state()).toMatchObject({ value: 'open', conflicts: [], inapplicable: 1 });
});

it('an event that the merged order makes illegal is kept, counted and marked in the history [CNF-05]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(LOCK);
  await visitOf(b).send(LOCK);
  await exchange(a, b);
  for (const bed of [a, b]) {
    expect(visitOf(bed).state()).toMatchObject({ version: 2, inapplicable: 1, value: 'locked' });
    expect((await visitOf(bed).history()).map(({ applied }) => applied)).toEqual([true, false]);
  }
});

it('an edit that arrives late goes to its place in the history, and old values still follow from new ones [PRJ-03, PRJ-05]', async () => {
  const [a, b] = await two();
  await visitOf(a).send(item('BP', 120));
  await exchange(a, b);
  await visitOf(b).send(item('HR', 70));
  for (const [at, value] of [121, 122, 123].entries()) await visitOf(a).send(item('BP', value), { reason: `r${at}` });
  await exchange(a, b);
  for (const bed of [a, b]) {
    const history = await visitOf(bed).history();
    expect(history).toHaveLength(5);
    for (const [at, entry] of history.entries()) expect(entry.before).toEqual(history[at - 1]?.after ?? entry.before);
    expect(history.at(-1)?.after.context).toEqual(visitOf(bed).state().context);
  }
  expect(
    await visitOf(a)
      .history()
      .then((all) => all.map(({ eventId }) => eventId)),
  ).toEqual(
    await visitOf(b)
      .history()
      .then((all) => all.map(({ eventId }) => eventId)),
  );
});
