/** Who may change the access list: the rules against a model that knows people and replicas only. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holderFingerprint } from '../../../src/crypto/holder.ts';
import { Access, ADMINISTRATION } from '../../../src/machines/clinical/index.ts';

const USERS = ['ada', 'bea', 'cy'];
const REPLICAS = ['a', 'b', 'c'].map((digit) => digit.repeat(32));
const KEYS = [1, 2, 3].map((at) => btoa(String.fromCharCode(4, ...Array.from({ length: 64 }, () => at))));
const HOLDERS = KEYS.map(holderFingerprint);
const FROM = '2026-01-05T09:00:00.000Z';

type Step = {
  readonly type: string;
  readonly by: { readonly user: number; readonly replica: number };
  /** As the author says; the model does not ask for it. */
  readonly role: string;
  readonly user: number;
  readonly device: number;
};
const index = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('add', 'add', 'request', 'enrol', 'enrol', 'give', 'take', 'remove', 'readmit', 'revoke'),
  by: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ user: 0, replica: 0 }) },
    { weight: 2, arbitrary: fc.record({ user: index, replica: index }) },
  ),
  role: fc.constantFrom('nurse', ADMINISTRATION, 'administrator', ''),
  user: index,
  device: index,
});

/** A device asks for itself, mostly. */
const asking = (each: Step): Step =>
  each.type === 'request' && each.user > 0 ? { ...each, by: { ...each.by, replica: each.device } } : each;

const eventOf = ({ type, user: userAt, device, by, role }: Step) => {
  const user = USERS[userAt] ?? '';
  const holder = HOLDERS[device] ?? '';
  const member = { user, role: 'r', site: null };
  const author = { user: USERS[by.user] ?? '', role, replica: REPLICAS[by.replica] ?? '', at: FROM };
  const bodies: Readonly<Record<string, object>> = {
    add: { type: 'UserAdded', ...member },
    request: { type: 'DeviceRequested', holder, user, sharingKey: KEYS[device], replica: REPLICAS[device] },
    enrol: { type: 'DeviceEnrolled', holder },
    give: { type: 'AccessGiven', user, name: ADMINISTRATION },
    take: { type: 'AccessRevoked', user, name: ADMINISTRATION },
    remove: { type: 'UserRemoved', user },
    readmit: { type: 'UserReadmitted', ...member },
    revoke: { type: 'DeviceRevoked', holder, from: FROM },
  };
  return { type: '', ...bodies[type], author };
};

/** People by number; a device has the number of its replica. */
const makeModel = () => {
  const users = new Map<number, boolean>();
  const administrators = new Set<number>();
  const devices = new Map<number, { readonly user: number; state: 'asked' | 'in' | 'out' }>();
  let founder: { readonly user: number; readonly replica: number } | undefined;
  const places = (user: number) => [
    ...[...devices].flatMap(([at, device]) => (device.user === user && device.state === 'in' ? [at] : [])),
    ...(founder?.user === user ? [founder.replica] : []),
  ];
  const rules = (user: number) => users.get(user) === true && administrators.has(user);
  const may = ({ user, replica }: Step['by']) => rules(user) && places(user).includes(replica);
  const othersThan = (gone: number) => USERS.some((_, user) => user !== gone && rules(user) && places(user).length > 0);
  const withoutDevice = (gone: number) =>
    USERS.some((_, user) => rules(user) && (founder?.user === user || places(user).some((at) => at !== gone)));
  const acts: Readonly<Record<string, (step: Step) => boolean>> = {
    add: ({ user, by }) => {
      if (users.has(user) || (users.size === 0 ? by.user !== user : !may(by))) return false;
      if (users.size === 0) {
        founder = by;
        administrators.add(user);
      }
      users.set(user, true);
      return true;
    },
    request: ({ device, user, by }) => {
      if (by.replica !== device || devices.has(device)) return false;
      devices.set(device, { user, state: 'asked' });
      return true;
    },
    enrol: ({ device, by }) => {
      const found = devices.get(device);
      if (found?.state !== 'asked' || users.get(found.user) !== true || !may(by)) return false;
      found.state = 'in';
      if (founder?.user === found.user && founder.replica === device) founder = undefined;
      return true;
    },
    give: ({ user, by }) => {
      if (users.get(user) !== true || administrators.has(user) || !may(by)) return false;
      administrators.add(user);
      return true;
    },
    take: ({ user, by }) => administrators.has(user) && may(by) && othersThan(user) && administrators.delete(user),
    remove: ({ user, by }) => {
      if (users.get(user) !== true || !may(by) || !othersThan(user)) return false;
      users.set(user, false);
      return true;
    },
    readmit: ({ user, by }) => {
      if (users.get(user) !== false || !may(by)) return false;
      users.set(user, true);
      return true;
    },
    revoke: ({ device, by }) => {
      const found = devices.get(device);
      if (found === undefined || found.state === 'out' || !withoutDevice(device)) return false;
      const isOwn = found.user === by.user && places(by.user).includes(by.replica);
      if (!may(by) && !isOwn) return false;
      found.state = 'out';
      return true;
    },
  };
  return {
    does: (each: Step) => acts[each.type]?.(each) === true,
    administered: () => users.size === 0 || othersThan(-1),
  };
};

it('takes a change of whoever administers, on a device that was let in, and of nobody else, whatever role is said; somebody always does [ACC-09]', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const model = makeModel();
      let state = Access.replay.initial;
      const first: Step = { type: 'add', by: { user: 0, replica: 0 }, role: '', user: 0, device: 0 };
      for (const each of [first, ...steps.map(asking)]) {
        const next = Access.replay.next(state, eventOf(each));
        expect(next !== undefined).toBe(model.does(each));
        if (next !== undefined) taken += 1;
        state = next ?? state;
        expect(model.administered()).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
  expect(taken).toBeGreaterThan(1_000);
});

it('takes nothing from nobody: an event without an author is not recorded [ACC-09]', () => {
  const { author: _, ...event } = eventOf({ type: 'add', by: { user: 0, replica: 0 }, role: '', user: 0, device: 0 });
  expect(Access.replay.next(Access.replay.initial, event)).toBeUndefined();
});
