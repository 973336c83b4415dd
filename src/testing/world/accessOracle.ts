/**
 * What is to come of the commits of revoked devices, told from first principles by the server's order: after a device was revoked, what it
 * recorded from then on by its own clock, or after a receipt of then, is refused, and keeps back what follows it there; what it recorded
 * before is taken, and pointed out by everybody else.
 */
import { Access } from '../../machines/clinical/index.ts';
import type { Logged, LoggedCommit } from './logs.ts';

const at = ({ body }: Logged, name: string): string => {
  const value = body.payload[name];
  return typeof value === 'string' ? value : '';
};

/** The latest time at which a commit can be said to have been made. */
const saidAt = ({ context: { recordedAt, receipt } }: LoggedCommit): string =>
  [recordedAt.utc, receipt?.time ?? ''].sort().at(-1) ?? '';

/** Since when devices are revoked, by replica, in the order in which a log tells of it. */
const following = () => {
  const replicas = new Map<string, string>();
  const revoked = new Map<string, string>();
  return {
    revoked,
    next: ({ events }: LoggedCommit): void => {
      for (const event of events) {
        if (!event.body.stream.startsWith(`${Access.type}/`)) continue;
        const name: string = event.body.type;
        if (name === 'DeviceRequested') replicas.set(at(event, 'holder'), at(event, 'replica'));
        if (name === 'DeviceRevoked') revoked.set(replicas.get(at(event, 'holder')) ?? '', at(event, 'from'));
      }
    },
  };
};

export type Revocations = {
  /** Since when each replica's use does not count. */
  readonly revoked: ReadonlyMap<string, string>;
  /** What everybody but its author has to find: replica and sequence. */
  readonly late: readonly { readonly replica: string; readonly sequence: number }[];
  readonly violations: readonly string[];
};

/** What a server's log tells of revoked devices. */
export const revocationsIn = (server: readonly LoggedCommit[]): Revocations => {
  const { revoked, next } = following();
  const [late, violations]: [{ replica: string; sequence: number }[], string[]] = [[], []];
  for (const commit of server) {
    const { replica, first: sequence } = commit;
    const from = revoked.get(replica);
    if (from !== undefined) late.push({ replica, sequence });
    if (from !== undefined && saidAt(commit) >= from)
      violations.push(`(j) the server took ${commit.place} of a device that was revoked before`);
    next(commit);
  }
  return { revoked, late, violations };
};

/** What a device holds of its own that the server does not: it begins with what was to be refused. */
export const keptBack = (
  log: readonly LoggedCommit[],
  server: ReadonlySet<string>,
  { revoked }: Revocations,
): readonly LoggedCommit[] => {
  const here = log.filter(({ place }) => !server.has(place));
  const [first] = here;
  const from = first && revoked.get(first.replica);
  return first !== undefined && from !== undefined && saidAt(first) >= from ? here : [];
};
