/**
 * An aggregate as an XState actor to the outside: what `useSelector`, `waitFor` and inspectors need of one.
 *
 * Invariants: a snapshot is one of the aggregate's own machine, and the same object for as long as the machine's state is the
 * same; observers hear of each change of it once, after it is durable; it ends when the store is closed and not before, as a
 * late event may lead on from a final state too. Laws: `store/actor`.
 */
import { type Observable as Emitting, Observable, observable } from 'rxjs';
import {
  type ActorRef,
  type AnyActorRef,
  type AnyStateMachine,
  createActor,
  type EventObject,
  type InspectionEvent,
  type InteropSubscribable,
  isMachineSnapshot,
  type Observer,
  type Readable,
  type Snapshot,
  type Subscription,
  toObserver,
} from 'xstate';
import type { MachineEvent } from '../core/aggregate.ts';
import { StoreError } from '../core/errors.ts';

type System = AnyActorRef['system'];

type Subscribe<T> = {
  (observer: Observer<T>): Subscription;
  (next: (value: T) => void, error?: (error: unknown) => void, complete?: () => void): Subscription;
};

/** What XState's tools find: a running actor whose snapshots are of type S. `send` is the aggregate's own. */
export type AggregateActor<S> = {
  /** The aggregate's id. */
  readonly id: string;
  /** One for each handle, among all actors of the page. */
  readonly sessionId: string;
  /** What the machine shows now. It knows of no conflict and of nothing pending: `state` does. */
  readonly getSnapshot: () => S;
  readonly getPersistedSnapshot: () => Snapshot<unknown>;
  /** Calls back after each change of the machine's state; completes when the store is closed. */
  readonly subscribe: Subscribe<S>;
  readonly select: <T>(selector: (snapshot: S) => T, equal?: (a: T, b: T) => boolean) => Readable<T>;
  /** Aggregates are pure: their machines emit nothing. */
  readonly on: ActorRef<Snapshot<unknown>, EventObject>['on'];
  /** The aggregate lives as long as its store: neither has an effect. */
  readonly start: () => void;
  readonly stop: () => void;
  readonly logic: AnyStateMachine;
  readonly src: AnyStateMachine;
  /** `system.inspect` attaches an inspector; it is told where the aggregate stands, then each event and snapshot. */
  readonly system: System;
  readonly [Symbol.observable]: () => InteropSubscribable<S>;
};

export type ActorParts<S> = {
  readonly id: string;
  readonly snapshot: () => S;
  /** Calls `wake` after each change of the aggregate, and `end` when the store is closed. */
  readonly watch: (wake: () => void, end: () => void) => () => void;
  /** The aggregate's events as they become durable. */
  readonly arriving: () => Emitting<readonly MachineEvent[]>;
  /** True if the snapshot shows every event that has arrived. */
  readonly isSettled: () => boolean;
  readonly send: (event: MachineEvent) => void;
};

const changesOf = <S>({ snapshot, watch }: ActorParts<S>): Observable<S> =>
  new Observable((subscriber) => {
    let shown = snapshot();
    const wake = () => {
      const now = snapshot();
      if (now === shown) return;
      shown = now;
      subscriber.next(now);
    };
    return watch(wake, () => subscriber.complete());
  });

const machineOf = (snapshot: unknown) => {
  if (!isMachineSnapshot(snapshot)) throw new StoreError('invariant.broken', { rule: 'a snapshot is of a machine' });
  return { snapshot, machine: snapshot.machine };
};

/** Tells an inspector of the events in their order, each group followed by the snapshot that it led to. */
const inspectionOf = (parts: ActorParts<unknown>, sessionId: string): Observable<InspectionEvent> =>
  new Observable((subscriber) => {
    const { send, snapshot, isSettled, watch } = parts;
    const getSnapshot = () => machineOf(snapshot()).snapshot;
    const actorRef = { id: parts.id, logic: getSnapshot().machine, sessionId, send, getSnapshot };
    const about = { rootId: sessionId, actorRef };
    const untold: MachineEvent[] = [{ type: 'xstate.init' }];
    const tell = () => {
      const events = untold.splice(0);
      for (const event of events) subscriber.next({ ...about, type: '@xstate.event', sourceRef: undefined, event });
      const event = events.at(-1);
      if (event !== undefined) subscriber.next({ ...about, type: '@xstate.snapshot', event, snapshot: getSnapshot() });
    };
    subscriber.next({ ...about, type: '@xstate.actor' });
    tell();
    const arriving = parts.arriving().subscribe((events) => {
      untold.push(...events);
      if (isSettled()) tell(); // else a fold is under way, and `watch` calls back after it
    });
    const unwatch = watch(tell, () => subscriber.complete());
    return () => {
      arriving.unsubscribe();
      unwatch();
    };
  });

const subscribing =
  <T>(source$: Observable<T>): Subscribe<T> =>
  (
    first: Observer<T> | ((value: T) => void),
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription => {
    const subscription = source$.subscribe(typeof first === 'function' ? toObserver(first, error, complete) : first);
    return { unsubscribe: () => subscription.unsubscribe() }; // XState's tools take it out of its object
  };

const selected = <S, T>(changes$: Observable<S>, read: () => T, equal: (a: T, b: T) => boolean): Readable<T> => {
  const selected$ = new Observable<T>((subscriber) => {
    let shown = read();
    return changes$.subscribe(() => {
      const now = read();
      if (equal(shown, now)) return;
      shown = now;
      subscriber.next(now);
    });
  });
  return { get: read, subscribe: subscribing(selected$) };
};

/** An actor that never runs: what names one among all actors of a page, and the machine itself. */
const hostOf = (parts: ActorParts<unknown>) => {
  const { machine } = machineOf(parts.snapshot());
  const host = createActor(machine);
  const inspected$ = inspectionOf(parts, host.sessionId);
  const system: System = {
    ...host.system,
    inspect: (observer) => subscribing(inspected$)(toObserver(observer)),
  };
  return { machine, host, system };
};

type Interop<S> = Pick<AggregateActor<S>, typeof Symbol.observable>;

/** XState and RxJS look for one key, which is a text where the platform has no such symbol. */
const interop = <S>(subscribe: Subscribe<S>): Interop<S> => ({ [observable]: () => ({ subscribe }) }) as Interop<S>;

/** The actor; its host is made when something asks for it that only XState's tools ask for. */
export const actorOf = <S>(parts: ActorParts<S>): AggregateActor<S> => {
  const { id, snapshot } = parts;
  const changes$ = changesOf(parts);
  let made: ReturnType<typeof hostOf> | undefined;
  const hosted = () => {
    made ??= hostOf(parts);
    return made;
  };
  const subscribe = subscribing(changes$);
  const actor: Omit<AggregateActor<S>, typeof Symbol.observable> = {
    id,
    getSnapshot: snapshot,
    subscribe,
    select: (selector, equal = Object.is) => selected(changes$, () => selector(snapshot()), equal),
    getPersistedSnapshot: () => {
      const { machine, snapshot: now } = machineOf(snapshot());
      return machine.getPersistedSnapshot(now);
    },
    on: (type, handler) => hosted().host.on(type, handler),
    start: () => undefined,
    stop: () => undefined,
    get sessionId() {
      return hosted().host.sessionId;
    },
    get system() {
      return hosted().system;
    },
    get logic() {
      return hosted().machine;
    },
    get src() {
      return hosted().machine;
    },
  };
  return Object.assign(actor, interop(subscribe));
};
