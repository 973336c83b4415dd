/** A simulated world while it lives: its devices, its server, and what it knows of both. */
import type { Disturbance } from '../network.ts';
import type { SimulatedRequest, SimulatedServer } from '../server.ts';
import type { Device, Surroundings } from './device.ts';
import type { Draw, WorldModel } from './model.ts';

/** An attempt to record that was not answered: it may be stored, or not. */
export type Attempt = {
  readonly device: string;
  readonly stream: string;
  readonly type: string;
  readonly payload: string;
};

export type World = {
  readonly model: WorldModel;
  readonly server: SimulatedServer;
  readonly devices: Device[];
  readonly draw: Draw;
  /** Ids of events that somebody was told to be recorded, with the device on which. */
  readonly acknowledged: Map<string, string>;
  readonly unanswered: Attempt[];
  /** Ids that were on a disk in whose place an older copy was put. */
  readonly putBack: Set<string>;
  /** How often each trouble really happened. */
  readonly injected: Map<string, number>;
  /** What was seen to go wrong while it lived. */
  readonly violations: string[];
  readonly life: Life;
};

export type Meet = (request: SimulatedRequest) => Disturbance;

/** What the world knows of itself while it lives. */
export type Life = {
  readonly around: Surroundings;
  readonly number: number;
  /** Letters of `MESSAGE_TROUBLE` that a device's next messages meet. */
  readonly planned: Map<string, string[]>;
  /** Since the beginning, by the server's clock. */
  readonly elapsed: { ms: number };
  /** Who stands between a device and the server. */
  readonly between: Map<string, Meet>;
  /** What the server has said to replicas when it first had something of theirs. */
  readonly greetings: Map<string, string>;
  /** Codes that a device has reason to find, and that it has to have found at the end. */
  readonly expected: Map<string, Set<string>>;
  readonly due: { readonly device: string; readonly code: string }[];
  /** Devices to which something was given before what its author had seen, or to which it may be missing still. */
  readonly outOfOrder: Set<string>;
  serverBackup: (() => void) | undefined;
  /** The most that each device was seen to show: events in all. */
  readonly seen: Map<string, number>;
  /** Something happened that honest devices rightly find. */
  isRough: boolean;
};

export const count = (world: Pick<World, 'injected'>, what: string): void => {
  world.injected.set(what, (world.injected.get(what) ?? 0) + 1);
};
