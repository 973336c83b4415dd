/**
 * Doing something with an aggregate. While it is in conflict whatever is done ends that: it is recorded over everything that is
 * in conflict and on the screen, with a reason.
 */
import { useState } from 'react';
import type {
  AggregateDefinition,
  AggregateHandle,
  AggregateSnapshot,
  EventDefinitions,
  SendableEvent,
} from '../../src/index.ts';
import { useAggregate, useStore } from '../../src/react/index.ts';
import type { Act, Answers, Judged } from '../model/acts.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { forRoles, outcomeText, resolutionText, whereLegal } from '../model/outcome.ts';
import { useAnnounce } from './announce.tsx';

/** An aggregate as something can be done with it here. */
export type Acting<E extends EventDefinitions> = {
  readonly type: string;
  readonly snapshot: AggregateSnapshot;
  /** What keeps an act from being done now, in words; empty if nothing does. */
  readonly whyNot: (event: SendableEvent<E> & Judged) => string;
  readonly needsReason: (event: SendableEvent<E> & Judged) => boolean;
  readonly perform: (event: SendableEvent<E> & Judged, reason: string) => Promise<{ text: string; isGood: boolean }>;
};

/**
 * @param role  in which somebody acts here
 * @param isDecided  true if a conflict of it is decided elsewhere, and not by whatever is done next
 */
export const actingOn = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  snapshot: AggregateSnapshot<C>,
  handle: AggregateHandle<E, C, S>,
  { role, isDecided = false }: { readonly role: string; readonly isDecided?: boolean },
): Acting<E> => {
  const { type, needsReason, legalIn, roles } = definition;
  const { conflicts, context, value, readOnly, damaged } = snapshot;
  const decides = conflicts.length > 0 && !isDecided;
  return {
    type,
    snapshot,
    whyNot: (event) => {
      if (handle.can(event)) return '';
      if (readOnly) return 'it holds entries of a newer version of the app; update the app';
      if (damaged) return 'entries of it cannot be read on this device; record it on another device';
      const own = roles?.get(event.type);
      if (own?.includes(role) === false) return `this is ${forRoles(own)}`;
      const name = typeof value === 'string' ? value : JSON.stringify(value);
      return whereLegal(type, name, legalIn(event, context));
    },
    needsReason: (event) => decides || needsReason(event, context),
    perform: async (event, reason) =>
      decides
        ? resolutionText(await handle.resolve(conflicts, [event], { reason }))
        : outcomeText(await handle.send(event, reason === '' ? {} : { reason }), type),
  };
};

/** As a component shows it: rendered again when the aggregate changes. */
export const useActing = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  id: string,
): readonly [AggregateSnapshot<C>, Acting<E>] => {
  const [snapshot, handle] = useAggregate(definition, id);
  const { role } = useStore().actor();
  return [snapshot, actingOn(definition, snapshot, handle, { role })];
};

/** One aggregate after the other: as soon as something is recorded of it, the next one. */
export const useFresh = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  nextId: () => string,
): Acting<E> => {
  const [id, setId] = useState(nextId);
  const [{ version }, acting] = useActing(definition, id);
  if (version > 0) setId(nextId());
  return acting;
};

/** Performs one act; says what became of it, and calls `onDone` when it is recorded. `run` gives why it was refused, in words. */
export const useAct = <E extends EventDefinitions>({ perform }: Acting<E>, act: Act<E>, onDone: () => void) => {
  const announce = useAnnounce();
  const [refusal, setRefusal] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  const run = async (answers: Answers, reason: string): Promise<string> => {
    setBusy(true);
    setFailure(undefined);
    try {
      const { text, isGood } = await perform(act.event(answers), reason);
      const refused = isGood ? '' : text;
      setRefusal(refused);
      if (isGood) announce(act.done, 'good');
      if (isGood) onDone();
      return refused;
    } catch (error) {
      setFailure(failureOf(error));
      return '';
    } finally {
      setBusy(false);
    }
  };
  return { run, refusal, failure, isBusy };
};
