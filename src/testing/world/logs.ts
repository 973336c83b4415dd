/** What lies on the disks and on the server of a world, read without the program. */
import type { EventBody } from '../../core/envelope.ts';
import type { ReplicaId } from '../../core/ids.ts';
import { position } from '../../core/position.ts';
import { toBase64 } from '../../crypto/bytes.ts';
import { readStoredCommit } from '../../crypto/readCommit.ts';
import type { Device } from './device.ts';

/** One event as it lies in a log. */
export type Logged = {
  readonly replica: ReplicaId;
  readonly user: string;
  readonly body: EventBody;
  readonly payload: object;
};

/** One commit as it lies in a log: whose, from which sequence on, and its bytes as text. */
export type LoggedCommit = { readonly place: string; readonly bytes: string; readonly events: readonly Logged[] };

const logged = (bytes: Uint8Array): LoggedCommit => {
  const { events, context, first } = readStoredCommit(bytes);
  return {
    place: `${context.replica}/${first}`,
    bytes: toBase64(bytes),
    events: events.map((body) => ({ replica: context.replica, user: context.actor.user, body, payload: body.payload })),
  };
};

/** Everything on a device's disk, in the order of its log. */
export const logOf = async ({ disk, database }: Device): Promise<readonly LoggedCommit[]> => {
  const storage = await disk.open(database);
  const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
  await storage.close();
  return records.flatMap(({ commits }) => commits.map(({ bytes }) => logged(bytes)));
};

export const logOfServer = (commits: readonly Uint8Array[]): readonly LoggedCommit[] => commits.map(logged);

export const idsOf = (log: readonly LoggedCommit[]): ReadonlySet<string> =>
  new Set(log.flatMap(({ events }) => events.map(({ body }): string => body.id)));

export const idsOn = async (device: Device): Promise<ReadonlySet<string>> => idsOf(await logOf(device));
