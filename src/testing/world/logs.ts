/** What lies on the disks and on the server of a world, read without the program; and what the programs show. */
import type { CommitContext, EventBody } from '../../core/envelope.ts';
import type { ReplicaId } from '../../core/ids.ts';
import { position } from '../../core/position.ts';
import { toBase64 } from '../../crypto/bytes.ts';
import { readStoredCommit } from '../../crypto/readCommit.ts';
import { remembered } from '../../crypto/remembered.ts';
import type { Store } from '../../store/types.ts';
import type { Device } from './device.ts';
import type { WorldModel } from './model.ts';

/** One event as it lies in a log. */
export type Logged = {
  readonly replica: ReplicaId;
  readonly user: string;
  readonly body: EventBody;
  readonly payload: object;
};

/** One commit as it lies in a log: whose, from which sequence on, and its bytes as text. */
export type LoggedCommit = {
  readonly place: string;
  readonly replica: ReplicaId;
  readonly first: number;
  readonly context: CommitContext;
  readonly bytes: string;
  readonly events: readonly Logged[];
};

const read = (bytes: Uint8Array): LoggedCommit => {
  const { events, context, first } = readStoredCommit(bytes);
  return {
    place: `${context.replica}/${first}`,
    ...{ replica: context.replica, first, context },
    bytes: toBase64(bytes),
    events: events.map((body) => ({ replica: context.replica, user: context.actor.user, body, payload: body.payload })),
  };
};

const known = remembered<LoggedCommit>();

const logged = (bytes: Uint8Array): LoggedCommit => known.once(bytes, () => read(bytes));

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

/** Ids of the aggregates of the model of which a log tells, sorted. */
export const subjectsIn = ({ aggregate }: WorldModel, log: readonly LoggedCommit[]): readonly string[] => {
  const prefix = `${aggregate.type}/`;
  const streams = new Set(log.flatMap(({ events }) => events.map(({ body }): string => body.stream)));
  return [...streams]
    .filter((stream) => stream.startsWith(prefix))
    .map((stream) => stream.slice(prefix.length))
    .sort();
};

/** What a store shows of the given aggregates, and its views: equal where the same is shown. */
export const pictureOf = ({ aggregate, views }: WorldModel, store: Store, ids: readonly string[]): unknown => ({
  states: ids.map((id) => {
    const { value, context, version, conflicts, settled, uncontested, inapplicable, pending, readOnly } = store
      .aggregate(aggregate, id)
      .state();
    const heads = conflicts.map(({ key, heads: some }) => [key, some.map(({ body }) => body.id)]);
    const winners = settled.map(({ key, winner, heads: some }) => [key, winner, some.map(({ body }) => body.id)]);
    return { id, value, context, version, uncontested, inapplicable, pending, readOnly, heads, winners };
  }),
  rows: views.map((view) => store.view(view).rows()),
});
