/** What a server may do wrong on purpose, and what each is found by, at the first exchange that can show it. */
import { expect, it } from 'vitest';
import { toBase64 } from '../../src/crypto/bytes.ts';
import { type Disturbance, simulatedServer, UNDISTURBED } from '../../src/testing/index.ts';
import { Visit } from '../unit/store/trial.ts';
import { at } from '../unit/support.ts';
import { type Bed, makeBed, online } from '../unit/sync/bed.ts';

type Commits = readonly string[];
type Request = { readonly kind: string };

/** A server that gives other commits than it holds. */
const gives =
  (alter: (commits: Commits) => Commits) =>
  ({ kind }: Request): Disturbance => {
    if (kind !== 'pull') return UNDISTURBED;
    const altered = (text: string): string => {
      const page: { readonly commits: Commits } = JSON.parse(text);
      return JSON.stringify({ ...page, commits: alter(page.commits) });
    };
    return { kind: 'alter-answer', alter: altered };
  };

/** The commit with one bit of another value, `fromEnd` bytes before its end. */
const rewritten = (commit: string, fromEnd: number): string => {
  const bytes = Uint8Array.from(Buffer.from(commit, 'base64'));
  const place = bytes.length - fromEnd;
  bytes[place] = at([...bytes], place) ^ 1;
  return toBase64(bytes);
};

const itemsOf = ({ store }: Bed): readonly string[] => Object.keys(store.aggregate(Visit, 'v').state().context.items);
const codesOf = async ({ store }: Bed): Promise<readonly string[]> => (await store.findings()).map(({ code }) => code);

/** A has recorded three items, one commit each, and synced; B has met nothing yet. */
const authored = async (): Promise<readonly [Bed, Bed]> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const [a, b] = [await makeBed({ server }), await makeBed({ server })];
  await a.record('A', 'B', 'C');
  await online(a);
  return [a, b];
};

it.each<readonly [string, (commits: Commits) => Commits, string, readonly string[]]>([
  ['rewrites an event', ([a = '', b = '', c = '']) => [a, rewritten(b, 20), c], 'chain.leaf-mismatch', []],
  ['makes of a commit what is none', ([a = '', ...rest]) => [rewritten(a, 1), ...rest], 'commit.malformed', []],
  ['leaves out the first', ([, ...rest]) => rest, 'chain.gap', []],
  ['leaves out one in the middle', ([a = '', , c = '']) => [a, c], 'chain.gap', ['A']],
  ['gives them in another order', ([a = '', b = '', c = '']) => [b, a, c], 'chain.gap', []],
])(
  'a server that %s is found out at once, by name, and nothing false is shown [SIM-07]',
  async (_, alter, code, shown) => {
    const [, b] = await authored();
    b.meet(gives(alter));
    expect(await online(b)).toMatchObject({ state: 'waiting', lastError: code });
    expect(await codesOf(b)).toEqual([code]);
    expect(itemsOf(b)).toEqual(shown);
    b.meet(() => UNDISTURBED); // the evidence stays; an honest answer is taken
    await b.sync.now();
    expect(itemsOf(b)).toEqual(['A', 'B', 'C']);
    expect(await b.store.verify()).toMatchObject({ ok: true });
  },
);

it('a server that leaves out commits of two authors in one answer is found out for both [SIM-07]', async () => {
  const [a, b] = await authored();
  const c = await makeBed({ server: a.server });
  await online(c);
  await c.record('D', 'E');
  await c.sync.now();
  b.meet(gives((commits) => commits.filter((_, place) => place !== 0 && place !== 3)));
  expect(await online(b)).toMatchObject({ state: 'waiting', lastError: 'chain.gap' });
  const authors = (await b.store.findings()).map(({ code, replica }) => [code, replica]);
  expect(authors).toEqual([a, c].map(({ store }) => ['chain.gap', store.replica]));
});

it('a server that gives everything twice changes nothing and raises no alarm [SIM-07]', async () => {
  const [, b] = await authored();
  b.meet(gives((commits) => [...commits, ...commits]));
  expect(await online(b)).toMatchObject({ state: 'live' });
  expect([await codesOf(b), itemsOf(b), b.store.size()]).toEqual([[], ['A', 'B', 'C'], 3]);
});

it.each<readonly [string, (a: Bed) => Promise<void>, readonly string[]]>([
  ['the next pull, though there is nothing to send', async () => undefined, []],
  ['the next push, and gets both', (a) => a.record('E'), ['E']],
])('a server that acknowledges and loses is found out by %s, and gets it again [SIM-07]', async (_, before, more) => {
  const [a, b] = await authored();
  const putBack = a.server.backup();
  await a.record('D');
  await a.sync.now();
  await a.sync.now();
  putBack();
  await before(a);
  a.messages.length = 0;
  expect(await a.sync.now()).toMatchObject({ state: 'live' });
  expect(a.messages.slice(0, 2)).toEqual(['pull', 'hello']);
  expect(await codesOf(a)).toEqual(['server.rolled-back']);
  await online(b);
  expect(itemsOf(b)).toEqual(['A', 'B', 'C', 'D', ...more]);
});

it('a server that loses between a pull and a push is found out by the receipt of the push, and gets it again in that round [SIM-07]', async () => {
  const [a, b] = await authored();
  const putBack = a.server.backup();
  await a.record('D');
  await a.sync.now();
  await a.record('E');
  let isAsked = false;
  a.meet(({ kind }) => {
    if (kind === 'push' && !isAsked) putBack();
    isAsked ||= kind === 'push';
    return UNDISTURBED;
  });
  expect(await a.sync.now()).toMatchObject({ state: 'live' });
  expect(await codesOf(a)).toEqual(['server.rolled-back']);
  await online(b);
  expect(itemsOf(b)).toEqual(['A', 'B', 'C', 'D', 'E']);
});

it('what a server withholds from one device is found out by the gap when the next commit of its author comes, and is had in that round [SIM-07]', async () => {
  const [a, b] = await authored();
  b.meet(gives((commits) => commits.slice(0, -1)));
  expect(await online(b)).toMatchObject({ state: 'live' });
  b.meet(() => UNDISTURBED);
  await b.sync.now();
  expect([itemsOf(b), await codesOf(b)]).toEqual([['A', 'B'], []]);
  await a.record('D');
  await a.sync.now();
  expect(await b.sync.now()).toMatchObject({ state: 'live' });
  expect([itemsOf(b), await codesOf(b)]).toEqual([['A', 'B', 'C', 'D'], ['chain.gap']]);
  expect(await b.store.verify()).toMatchObject({ ok: true });
});

it('a server that goes on withholding is asked once more in each round, until nothing but a person can help [SIM-07]', async () => {
  const [a, b] = await authored();
  await online(b);
  await a.record('D', 'E');
  await a.sync.now();
  b.meet(gives((commits) => commits.slice(-1)));
  b.messages.length = 0;
  expect(await b.sync.now()).toMatchObject({ state: 'waiting', lastError: 'chain.gap' });
  expect(b.messages.filter((kind) => kind === 'pull')).toHaveLength(2);
  for (let round = 0; round < 2; round += 1) await b.sync.now();
  expect(b.sync.status()).toMatchObject({ state: 'quarantined', lastError: 'chain.gap' });
  b.meet(() => UNDISTURBED);
  expect(await b.sync.now()).toMatchObject({ state: 'live' });
  expect(itemsOf(b)).toEqual(['A', 'B', 'C', 'D', 'E']);
});
