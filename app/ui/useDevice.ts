/**
 * Where a device stands: to be set up, locked, open, or not to be used now. Law: once the keys are locked, by whatever, nothing
 * of the study is held or shown here (`appKeys.e2e`).
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Device, type DeviceSpec, openDevice } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { type Entrant, type Gate, openGate } from '../model/gate.ts';

/** Why a locked device is locked: the page has just begun, a person asked for it, or nobody was seen. */
export type LockedBy = 'start' | 'person' | 'idle';

export type Opening =
  | { readonly kind: 'opening' }
  | { readonly kind: 'new'; readonly gate: Gate }
  /** `user`: whom to expect; empty if anybody. */
  | { readonly kind: 'locked'; readonly gate: Gate; readonly by: LockedBy; readonly user: string }
  | { readonly kind: 'open'; readonly device: Device }
  /** `entrant`: whose keys are unlocked all the same. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly entrant: Entrant | undefined };

export type DeviceControl = {
  readonly opening: Opening;
  readonly enter: (entrant: Entrant) => Promise<void>;
  /** Locks, for the same person to come back or for another one. */
  readonly lock: (next: 'same' | 'other') => void;
  readonly retry: () => void;
};

export const useDevice = (spec: DeviceSpec): DeviceControl => {
  const [opening, setOpening] = useState<Opening>({ kind: 'opening' });
  /** What a person asked for, until the lock it leads to is heard of. */
  const asked = useRef<'same' | 'other' | undefined>(undefined);
  const begin = useCallback(async () => {
    setOpening({ kind: 'opening' });
    try {
      const gate = await openGate(spec);
      setOpening(gate.isNew ? { kind: 'new', gate } : { kind: 'locked', gate, by: 'start', user: '' });
    } catch (error) {
      setOpening({ kind: 'failed', failure: failureOf(error), entrant: undefined });
    }
  }, [spec]);
  useEffect(() => void begin(), [begin]);
  const open = async (entrant: Entrant) => {
    setOpening({ kind: 'opening' });
    try {
      setOpening({ kind: 'open', device: await openDevice(spec, entrant) });
    } catch (error) {
      setOpening({ kind: 'failed', failure: failureOf(error), entrant });
    }
  };
  const enter = async (entrant: Entrant) => {
    const { keys, vault } = entrant;
    await open(entrant);
    keys.onLock(() => {
      const by = asked.current === undefined ? 'idle' : 'person';
      const user = asked.current === 'other' ? '' : keys.user;
      asked.current = undefined;
      setOpening({ kind: 'locked', gate: { vault, isNew: false, lost: undefined }, by, user });
    });
  };
  return {
    opening,
    enter,
    lock: (next) => {
      if (opening.kind !== 'open') return;
      asked.current = next;
      void opening.device.keys.lock();
    },
    retry: () => {
      const entrant = opening.kind === 'failed' ? opening.entrant : undefined;
      void (entrant === undefined || entrant.keys.isLocked() ? begin() : open(entrant));
    },
  };
};
