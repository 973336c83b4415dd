/**
 * What has to hold of every history, looked at from outside: on the disks, on the server and in what the programs show.
 *
 * Each check is about facts that its operations have established, none about how the product gets there.
 */
import { firstValueFrom } from 'rxjs';
import { sameJson } from '../../core/json.ts';
import { seen, type VersionVector } from '../../core/versionVector.ts';
import { canonicalText } from '../../crypto/canonical.ts';
import type { HealthState } from '../../store/healthState.ts';
import type { Store } from '../../store/types.ts';
import { isOfAccess, keptBack, pointedOut, type Revocations, revocationsIn } from './accessOracle.ts';
import { conflictsAreRight } from './conflictCheck.ts';
import { type Device, tabOf } from './device.ts';
import { idsOf, type LoggedCommit, logOf, logOfServer, pictureOf, subjectsIn } from './logs.ts';
import { newestOf } from './model.ts';
import type { World } from './worldState.ts';

/** What was found of a device when everything was healed. */
type Found = {
  readonly device: Device;
  readonly store: Store;
  readonly log: readonly LoggedCommit[];
  readonly ids: ReadonlySet<string>;
  readonly health: HealthState;
  /** What the server does not take, because the device was revoked. */
  readonly keptBack: readonly LoggedCommit[];
};

type Violations = readonly string[];

/** What a fork keeps apart, and what is not taken of a revoked device, is said by the device, and is nowhere else. */
const isWhole = ({ health, keptBack: { length } }: Found): boolean => health.heldHereOnly === 0 && length === 0;

/** True if a device says of an event that it is there and nowhere else: a fork keeps it apart, or the server does not take it. */
const isHereOnly = ({ ids, health, keptBack: commits }: Found, id: string): boolean =>
  ids.has(id) && (health.heldHereOnly > 0 || idsOf(commits).has(id));

/** Acknowledged is there: on the server, or where it was said that it can only be here, or its loss was said. */
const nothingLost = (world: World, found: readonly Found[], server: ReadonlySet<string>): Violations =>
  [...world.acknowledged].flatMap(([id, name]) => {
    if (server.has(id)) {
      const without = found.filter((each) => isWhole(each) && !each.ids.has(id)).map(({ device }) => device.name);
      return without.length > 0 ? [`(a) event ${id}, recorded on ${name}, is on the server and not on ${without}`] : [];
    }
    const isHere = found.some((each) => isHereOnly(each, id));
    const isSaid =
      world.putBack.has(id) && found.some(({ device, health }) => device.name === name && health.losses.length > 0);
    return isHere || isSaid ? [] : [`(a) event ${id}, acknowledged on ${name}, is not on the server`];
  });

/** Each replica's events stand in the order of their sequence, from 1 on and without a gap. */
const inOrder = (name: string, log: readonly LoggedCommit[]): Violations => {
  const next = new Map<string, number>();
  return log.flatMap(({ events }) =>
    events.flatMap(({ replica, body }) => {
      const due = (next.get(replica) ?? 0) + 1;
      next.set(replica, body.sequence);
      return body.sequence === due
        ? []
        : [`(b) on ${name} sequence ${body.sequence} of ${replica} comes where ${due} is due`];
    }),
  );
};

/** Nothing stands before what its author had seen of its stream. */
const afterItsCauses = (name: string, log: readonly LoggedCommit[]): Violations => {
  const reached = new Map<string, number>();
  return log.flatMap(({ events }) =>
    events.flatMap(({ replica, body }) => {
      reached.set(replica, body.sequence);
      const basis: VersionVector = body.basis;
      const missing = Object.keys(basis).filter((other) => (reached.get(other) ?? 0) < seen(basis, other));
      return missing.length === 0 ? [] : [`(c) on ${name} event ${body.id} stands before what its author had seen`];
    }),
  );
};

/** A server that was put back, or leaves something out, gives events before what their authors had seen: they are taken and folded in their place. */
const isOrdered = ({ life }: World, name: string): boolean => !life.isRough && !life.outOfOrder.has(name);

const bytesByPlace = (log: readonly LoggedCommit[]): ReadonlyMap<string, string> =>
  new Map(log.map(({ place, bytes }) => [place, bytes]));

/** All devices and the server hold the same bytes. */
const sameBytes = (found: readonly Found[], server: readonly LoggedCommit[]): Violations => {
  const due = bytesByPlace(server);
  return found.flatMap(({ device, log }) => {
    const held = bytesByPlace(log);
    const differ = [...due].filter(([place, bytes]) => held.get(place) !== bytes).length;
    const more = held.size - due.size;
    return differ === 0 && more === 0
      ? []
      : [`(d) on ${device.name} ${differ} commits differ from the server, ${more} are more`];
  });
};

/** All devices and all tabs show the same. */
const samePicture = async (world: World, found: readonly Found[]): Promise<Violations> => {
  const model = newestOf(world.model);
  const ids = subjectsIn(
    model,
    found.flatMap(({ log }) => log),
  );
  const [first, ...others] = await Promise.all(
    found.flatMap(({ device }) =>
      device.life.tabs.map(async ({ store }, tab) => ({
        tab: `${device.name}${tab}`,
        shown: pictureOf(model, store, ids),
      })),
    ),
  );
  return others.flatMap(({ tab, shown }) =>
    sameJson(shown, first?.shown) ? [] : [`(d) ${tab} shows something else than ${first?.tab}`],
  );
};

const keyOf = (stream: string, type: string, payload: string): string => `${stream} ${type} ${payload}`;

/** Whatever is in a log was recorded by somebody, in so many words. */
const nothingInvented = (world: World, found: readonly Found[]): Violations => {
  const unanswered = new Set(world.unanswered.map(({ stream, type, payload }) => keyOf(stream, type, payload)));
  const all = new Map(
    found.flatMap(({ log }) => log.flatMap(({ events }) => events.map((event) => [event.body.id, event] as const))),
  );
  return [...all.values()].flatMap(({ body, user }) => {
    if (user === 'indelible' || world.acknowledged.has(body.id)) return [];
    return unanswered.has(keyOf(body.stream, body.type, canonicalText(body.payload)))
      ? []
      : [`(e) nobody recorded ${body.id}`];
  });
};

/** A receipt of somebody else is refused, and no evidence of anything: of that no finding is kept. */
const isTold = (found: readonly { readonly code: string }[], wanted: string): boolean =>
  wanted === 'receipt.mismatch' || found.some(({ code }) => code === wanted);

/** Verification finds nothing wrong, what was done was found, and no finding was made where nothing was tampered with. */
const noAlarm = async (world: World, { device, store }: Found, revocations: Revocations): Promise<Violations> => {
  const report = await store.verify();
  const verified = report.ok
    ? []
    : [`(h) verification on ${device.name} finds ${report.findings.map(({ code }) => code)}`];
  const found = await store.findings();
  const reasons = world.life.expected.get(device.name);
  const alarms = world.life.isRough ? [] : found.filter((each) => !reasons?.has(each.code) && !isOfAccess(each));
  const missed = world.life.due.filter((due) => due.device === device.name && !isTold(found, due.code));
  return [
    ...verified,
    ...alarms.map(({ code }) => `(h) ${device.name} found ${code} where nothing was done`),
    ...missed.map(({ code }) => `(g) ${device.name} has never found ${code}`),
    ...(world.life.isRough
      ? []
      : pointedOut({ name: device.name, replica: store.replica, findings: found }, revocations)),
  ];
};

const looked = async (device: Device, server: readonly LoggedCommit[], revocations: Revocations): Promise<Found> => {
  const { store } = tabOf(device, 0);
  const log = await logOf(device);
  const keptBackHere = keptBack(log, new Set(server.map(({ place }) => place)), revocations);
  const health = await firstValueFrom(store.health$);
  return { device, store, log, ids: idsOf(log), health, keptBack: keptBackHere };
};

/** Everything is sent, or it is said what is not taken, and why. */
const syncEnds = ({ device, keptBack: commits }: Found): Violations => {
  const { state, pending, lastError } = tabOf(device, 0).sync.status();
  const events = commits.flatMap((commit) => commit.events).length;
  const isRight = events === 0 ? state === 'live' : lastError === 'access.revoked';
  return isRight && pending === events
    ? []
    : [`(d) sync of ${device.name} ends ${state} with ${pending} pending, ${events} kept back: ${lastError}`];
};

/** Looks at a healed world. @returns what does not hold, in words; nothing if all is well */
export const checkWorld = async (world: World): Promise<Violations> => {
  const server = logOfServer(world.server.commits());
  const revocations = revocationsIn(server);
  const found = await Promise.all(world.devices.map((device) => looked(device, server, revocations)));
  const whole = found.filter(isWhole);
  const told = (what: string, times: number) => times > 0 && world.injected.set(what, times);
  told('revoked: commits not taken', found.flatMap((each) => each.keptBack).length);
  told('revoked: commits taken and pointed out', revocations.late.length);
  return [
    ...world.violations,
    ...revocations.violations,
    ...found.flatMap(syncEnds),
    ...nothingLost(world, found, idsOf(server)),
    ...[...found.map(({ device, log }) => ({ name: device.name, log })), { name: 'the server', log: server }].flatMap(
      ({ name, log }) => [...inOrder(name, log), ...(isOrdered(world, name) ? afterItsCauses(name, log) : [])],
    ),
    ...sameBytes(whole, server),
    ...(await samePicture(world, whole)),
    ...(await Promise.all(found.map((each) => conflictsAreRight(world, each)))).flat(),
    ...nothingInvented(world, found),
    ...(await Promise.all(found.map((each) => noAlarm(world, each, revocations)))).flat(),
  ];
};
