/**
 * What one aggregate is, as the server sees it: folded by the code that devices fold by, from the commits that it holds. What is sealed stays
 * sealed: the server has no keys.
 *
 * Invariant: it equals what a device with the same events shows. Law: `realServer.test`, over every three acts apart.
 */
import type { AggregateDefinition, MachineState } from '../core/aggregate.ts';
import type { RecordedEvent } from '../core/commit.ts';
import { StoreError } from '../core/errors.ts';
import type { OpenedEvent } from '../core/fold.ts';
import { type StreamId, streamParts, type TenantId } from '../core/ids.ts';
import { position } from '../core/position.ts';
import { readStoredCommit } from '../crypto/readCommit.ts';
import { branchesOf } from '../projections/branches.ts';
import { NOBODY } from '../streams/accessBook.ts';
import { PLAIN_BASIS } from '../streams/basis.ts';
import { openedEvents, readerOf, rebuildState } from '../streams/streamState.ts';
import { type FoldedAggregate, PROTOCOL } from '../sync/protocol.ts';
import { readStreamPage } from './postgres/commits.ts';
import { readLog } from './postgres/state.ts';
import type { World } from './sequencer.ts';

type Place = { readonly tenant: TenantId; readonly stream: StreamId };

const readStream = async ({ database }: World, place: Place, below: number): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for (let from = 0; ; ) {
    const page = await readStreamPage(database.query, place, { from, below });
    for (const { bytes, position: at } of page) {
      const { context, events: bodies } = readStoredCommit(bytes);
      const own = bodies.filter(({ stream }) => stream === place.stream);
      events.push(...own.map((body) => ({ body, context, position: position(at) })));
      from = at + 1;
    }
    if (page.length === 0) return events;
  }
};

type Head = FoldedAggregate['branches'][number]['head'];

const headOf = ({ body, context: { actor, replica, recordedAt } }: OpenedEvent): Head => ({
  ...{ event: body.id, user: actor.user, role: actor.role, replica, at: recordedAt.utc, reason: body.reason ?? null },
});

const stateOf = ({ value, context }: MachineState): MachineState => ({ value, context: context ?? null });

const foldedBy = (definition: AggregateDefinition, events: readonly RecordedEvent[]) => {
  const reader = readerOf(definition, NOBODY, PLAIN_BASIS);
  const { fold, uncontested, readOnly, unreadable } = rebuildState(events, reader);
  const sides = branchesOf(openedEvents(events, reader), reader.reducer);
  return {
    ...{ version: fold.version, state: stateOf(fold.state), uncontested: stateOf(uncontested?.state ?? fold.state) },
    conflicts: fold.conflicts.map(({ key, heads }) => ({ key, heads: heads.map(headOf) })),
    settled: fold.settled.map(({ key, heads, winner }) => ({ key, heads: heads.map(headOf), winner })),
    ancestor: sides === undefined ? null : stateOf(sides.ancestor),
    branches: (sides?.branches ?? []).map(({ head, state, changed }) => ({
      ...{ head: headOf(head), state: stateOf(state), changed: [...changed] },
    })),
    ...{ inapplicable: [...fold.inapplicable], unreadable: [...unreadable], readOnly },
  };
};

/**
 * One aggregate of a tenant, of all that the log holds at the beginning of the call.
 * @throws StoreError `aggregate.unknown-type` if the server was not given its definition; `storage.*`
 */
export const foldedAggregate = async (world: World, { tenant, stream }: Place): Promise<FoldedAggregate> => {
  const { type } = streamParts(stream);
  const definition = world.definitions.get(type);
  if (definition === undefined) throw new StoreError('aggregate.unknown-type', { type });
  const size = (await readLog(world.database.query, tenant))?.frontier.size ?? 0;
  const events = await readStream(world, { tenant, stream }, size);
  return { protocol: PROTOCOL, stream, size, ...foldedBy(definition, events) };
};
