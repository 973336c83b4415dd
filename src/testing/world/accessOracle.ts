/**
 * What is to come of the commits of devices that were revoked and of users who were taken off, told from first principles by the server's
 * order: what is said to have been recorded from then on, by the own clock or after a receipt of then, is refused, and keeps back what
 * follows it there. What was recorded before is taken, and so is what a user records who was taken off where somebody else uses the device too: each
 * is pointed out on every device but its author's, by replica and sequence, and nothing else is.
 */
import type { ReplicaId } from '../../core/ids.ts';
import { Access } from '../../machines/clinical/index.ts';
import type { Logged, LoggedCommit } from './logs.ts';

/** A user on a device: nothing as long as it was not let in, then until when its use counts. */
type Seat = { readonly user: string; readonly replica: string; isIn: boolean; until: string | undefined };

/** What a commit is worth at a place of the log. */
type Worth = 'counts' | 'late' | 'refused';

const at = ({ body }: Logged, name: string): string => {
  const value = body.payload[name];
  return typeof value === 'string' ? value : '';
};

/** The latest time at which a commit can be said to have been made. */
const saidAt = ({ context: { recordedAt, receipt } }: LoggedCommit): string =>
  [recordedAt.utc, receipt?.time ?? ''].sort().at(-1) ?? '';

/** Who is in, told from the events of access in the order in which a log has them. */
const following = () => {
  const seats = new Map<string, Seat>();
  const goneSince = new Map<string, string>();
  const hear = (event: Logged, recordedAt: string): void => {
    const [type, user]: [string, string] = [event.body.type, at(event, 'user')];
    const seat = seats.get(at(event, 'holder'));
    if (type === 'DeviceRequested')
      seats.set(at(event, 'holder'), { user, replica: at(event, 'replica'), isIn: false, until: undefined });
    if (type === 'DeviceEnrolled' && seat !== undefined) seat.isIn = true;
    if (type === 'DeviceRevoked' && seat !== undefined) [seat.isIn, seat.until] = [false, at(event, 'from')];
    if (type === 'UserRemoved') goneSince.set(user, recordedAt);
    if (type === 'UserReadmitted') goneSince.delete(user);
  };
  return {
    next: ({ events, context }: LoggedCommit): void => {
      for (const event of events)
        if (event.body.stream.startsWith(`${Access.type}/`)) hear(event, context.recordedAt.utc);
    },
    worth: (commit: LoggedCommit): Worth => {
      const { user } = commit.context.actor;
      const here = [...seats.values()].filter(
        ({ replica, isIn, until }) => replica === commit.replica && (isIn || until !== undefined),
      );
      const own = here.filter((seat) => seat.user === user);
      const asked = own.length > 0 ? own : here;
      const ends = asked.flatMap(({ until }) => until ?? []).sort();
      const end = asked.length > 0 && ends.length === asked.length ? ends.at(-1) : undefined;
      if (end !== undefined) return saidAt(commit) >= end ? 'refused' : 'late';
      const since = goneSince.get(user);
      if (since === undefined) return 'counts';
      const isShared = here.some((seat) => seat.isIn && seat.user !== user && !goneSince.has(seat.user));
      return saidAt(commit) >= since && !isShared ? 'refused' : 'late';
    },
  };
};

export type Revocations = {
  /** What every device but its author's has to find, and nothing more: replica and sequence. */
  readonly late: readonly { readonly replica: ReplicaId; readonly sequence: number }[];
  /** True if the server, as it stands now, must not take a commit. */
  readonly isRefused: (commit: LoggedCommit) => boolean;
  readonly violations: readonly string[];
};

/** What a server's log tells of who was revoked. */
export const revocationsIn = (server: readonly LoggedCommit[]): Revocations => {
  const { next, worth } = following();
  const worths = server.map((commit) => {
    const found = worth(commit);
    next(commit);
    return { commit, found };
  });
  return {
    isRefused: (commit) => worth(commit) === 'refused',
    late: worths.flatMap(({ commit: { replica, first }, found }) =>
      found === 'late' ? [{ replica, sequence: first }] : [],
    ),
    violations: worths.flatMap(({ commit: { place }, found }) =>
      found === 'refused' ? [`(j) the server took ${place} of somebody who was revoked before`] : [],
    ),
  };
};

/** What a device holds of its own that the server does not: it begins with what was to be refused. */
export const keptBack = (
  log: readonly LoggedCommit[],
  server: ReadonlySet<string>,
  { isRefused }: Revocations,
): readonly LoggedCommit[] => {
  const here = log.filter(({ place }) => !server.has(place));
  const [first] = here;
  return first !== undefined && isRefused(first) ? here : [];
};

type Finding = { readonly code: string; readonly replica?: string; readonly sequence: number };

const ACCESS_CODES: readonly string[] = ['access.after-revocation', 'access.denied', 'access.revoked'];

export const isOfAccess = ({ code }: Finding): boolean => ACCESS_CODES.includes(code);

/** What a device points out of others is what the server's order tells, nothing more and nothing less. */
export const pointedOut = (
  {
    name,
    replica: own,
    findings,
  }: { readonly name: string; readonly replica: ReplicaId; readonly findings: readonly Finding[] },
  { late }: Revocations,
): readonly string[] => {
  const due = new Set(
    late.flatMap(({ replica, sequence }) => (replica === own ? [] : `access.after-revocation ${replica}/${sequence}`)),
  );
  const told = new Set(
    findings.filter(isOfAccess).map(({ code, replica, sequence }) => `${code} ${replica}/${sequence}`),
  );
  return [
    ...[...due].filter((each) => !told.has(each)).map((each) => `(j) ${name} does not find ${each}`),
    ...[...told].filter((each) => !due.has(each)).map((each) => `(j) ${name} finds ${each}, which nothing tells of`),
  ];
};
