/** What was found of an event when it was decided: taken for the very state that it was decided on, and for no other. */
import { expect, it } from 'vitest';
import type { EventBody } from '../../../src/core/envelope.ts';
import { aggregateId, streamId } from '../../../src/core/ids.ts';
import { position } from '../../../src/core/position.ts';
import { emptyHead, replicaIdOf } from '../../../src/crypto/chain.ts';
import { writeEvents } from '../../../src/crypto/eventText.ts';
import { sealContext } from '../../../src/crypto/sealCommit.ts';
import { sealHere } from '../../../src/crypto/sealer.ts';
import { memoryStorage } from '../../../src/index.ts';
import { collectStates } from '../../../src/streams/aggregateState.ts';
import { PLAIN_BASIS } from '../../../src/streams/basis.ts';
import { FROM_THE_BEGINNING, openLog } from '../../../src/streams/log.ts';
import { emptyState, readerOf, rebuildState, type Step, type StreamState } from '../../../src/streams/streamState.ts';
import { Visit } from '../store/trial.ts';
import { bodyOf, contextOf, KEY_A, TENANT } from '../support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const STREAM = streamId(Visit.type, aggregateId('v'));
const reader = readerOf(Visit, REPLICA, PLAIN_BASIS);
const context = contextOf(REPLICA);

const bodies = [1, 2, 3].map((at) => bodyOf(at, { stream: STREAM, schema: 1, payload: { item: `I${at}`, value: at } }));
const recorded = bodies.map((body, at) => ({ body, context, position: position(at) }));
const folded = (count: number): StreamState => rebuildState(recorded.slice(0, count), reader);

/** Something that no fold gives, so that it shows when it is taken. */
const marked = (state: StreamState): StreamState => ({ ...state, fold: { ...state.fold, version: 100 } });

/** The state shown after the three events, published one commit after the other. */
const shownAfter = async (steps: ReadonlyMap<EventBody, (now: StreamState) => Step>) => {
  const storage = await memoryStorage().open('steps');
  const log = await openLog(storage, TENANT, FROM_THE_BEGINNING, () => undefined);
  const states = await collectStates(new Map([[Visit.type, Visit]]), REPLICA, PLAIN_BASIS).follow(log);
  const run = sealHere.begin(KEY_A, emptyHead(REPLICA, TENANT).link);
  for (const body of bodies) run.add({ context: sealContext(context), events: writeEvents([body]) });
  const { commits } = await run.end();
  for (const [at, commit] of commits.entries()) {
    const now = states.get(STREAM) ?? emptyState(reader);
    log.publish([position(at)], [commit], (body) => steps.get(body)?.(now));
  }
  return states.get(STREAM);
};

const second = bodies.slice(1, 2);

it('a state that was found for the very state before is taken, and what follows is folded on it [AGG-03]', async () => {
  const found = await shownAfter(new Map(second.map((body) => [body, (now) => ({ before: now, after: marked(now) })])));
  expect(found?.fold.version).toBe(101);
});

it('a state that was found for another state before is not taken: the event is folded [AGG-03]', async () => {
  const elsewhere = [folded(0), folded(1), folded(2), folded(3)];
  for (const before of elsewhere) {
    const steps = new Map(second.map((body) => [body, () => ({ before, after: marked(before) })]));
    expect(await shownAfter(steps)).toEqual(folded(3));
  }
});

it('a stream without events is in one state, whoever names it [AGG-03]', async () => {
  const first = bodies.slice(0, 1);
  const empty = emptyState(reader);
  const fresh = await shownAfter(new Map(first.map((body) => [body, () => ({ before: empty, after: marked(empty) })])));
  expect(fresh?.fold.version).toBe(102);
  const readOnly = { ...empty, readOnly: true };
  const other = await shownAfter(
    new Map(first.map((body) => [body, () => ({ before: readOnly, after: marked(empty) })])),
  );
  expect(other).toEqual(folded(3));
});
