/** What a device makes of what it pulls, in every order that a server can have taken it, whatever it held before. */
import { BehaviorSubject } from 'rxjs';
import { expect, it } from 'vitest';
import type { Commit } from '../../../src/core/commit.ts';
import { hash32, type ReplicaId, readStreamId, replicaId } from '../../../src/core/ids.ts';
import { position } from '../../../src/core/position.ts';
import { Access } from '../../../src/machines/clinical/index.ts';
import { type JudgingSession, judgeCommits } from '../../../src/store/judging.ts';
import { accessBook } from '../../../src/streams/accessBook.ts';
import { type EventChange, makeDevice, TENANT } from '../../unit/server/device.ts';

const LIST = readStreamId(`access/${TENANT}`);
const told = (type: string, payload: NonNullable<EventChange['payload']>): EventChange => ({
  type,
  stream: LIST,
  payload,
});

/** Every way to merge two chains. */
const merges = (a: readonly Commit[], b: readonly Commit[]): readonly (readonly Commit[])[] => {
  const [first, ...restOfA] = a;
  const [other, ...restOfB] = b;
  if (first === undefined) return [b];
  if (other === undefined) return [a];
  return [...merges(restOfA, b).map((rest) => [first, ...rest]), ...merges(a, restOfB).map((rest) => [other, ...rest])];
};

/** A device that writes as `replica` and holds these commits. */
const deviceOf = (replica: ReplicaId, held: readonly Commit[]): JudgingSession => ({
  definitions: new Map([[Access.type, Access]]),
  identity: { replica, tenant: TENANT },
  states: {
    get: () => undefined,
    history: async (stream) =>
      held.flatMap(({ context, events }) =>
        events.filter((body) => body.stream === stream).map((body) => ({ body, context, position: position(0) })),
      ),
  },
  log: {
    head: (of) => ({
      sequence: Math.max(0, ...held.filter((commit) => commit.replica === of).map(({ first }) => first)),
      link: hash32(new Uint8Array(32)),
    }),
  },
  succession: { closings$: new BehaviorSubject<JudgingSession['succession']['closings$']['value']>([]) },
});

it('every commit has the verdict of its place, in every order, for whoever wrote some of it, and also where all is pulled again [ACC-08, ACC-09]', async () => {
  const [ada, bea] = [await makeDevice({ user: 'ada' }), await makeDevice({ user: 'bea' })];
  const user = (name: string) => ({ user: name, role: 'nurse', site: null });
  const chains = [
    [
      await ada.seal(told('UserAdded', user('ada'))),
      await ada.seal(told('UserAdded', user('bea'))),
      await ada.seal(told('UserRemoved', { user: 'bea' })),
    ],
    [await bea.seal(), await bea.seal(told('UserAdded', user('cy')))],
  ] as const;
  const verdicts = new Set<string>();
  for (const order of merges(...chains)) {
    const due = order.map(
      (commit, at) => accessBook(Access, TENANT, order.slice(0, at)).judge(commit)?.code ?? 'taken',
    );
    for (const own of [replicaId('0'.repeat(32)), ada.replica, bea.replica])
      for (let from = 0; from < order.length; from++)
        for (let held = 0; held < 2 ** (order.length - from); held++) {
          const isHeld = (_: Commit, at: number) => at < from || (held & (1 << (at - from))) > 0;
          const device = deviceOf(own, order.filter(isHeld));
          const lastOf = (of: ReplicaId) =>
            Math.max(0, ...order.slice(0, from).flatMap(({ replica, first }) => (replica === of ? [first] : [])));
          const again = { [ada.replica]: lastOf(ada.replica), [bea.replica]: lastOf(bea.replica) };
          const isAllBefore = order.every((commit, at) => at < from || commit.replica === own || !isHeld(commit, at));
          for (const before of isAllBefore ? [again, null] : [again]) {
            const page = order.slice(from);
            const found = await judgeCommits(device, page, { placed: lastOf(own), again: before });
            const codes = page.map((commit) => found.find((each) => each.commit === commit)?.judgement.code ?? 'taken');
            expect(codes).toEqual(page.map(({ replica }, at) => (replica === own ? 'taken' : due[from + at])));
            for (const code of codes) verdicts.add(code);
          }
        }
  }
  expect([...verdicts].sort()).toEqual(['access.denied', 'access.revoked', 'taken']);
});
