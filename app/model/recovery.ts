/** Recovery of the study's key by custodians: who they are, what they released, and the steps that a person takes. */
import {
  accessOf,
  entryOf,
  makeRecoveryKey,
  ownFingerprint,
  type RecoveryMade,
  recoverKeys,
  releaseShare,
} from '../../src/clinical.ts';
import { CHANGED, mayAdminister } from './access.ts';
import type { Device } from './device.ts';
import type { OutcomeText } from './outcome.ts';
import { holdsStudyKey, STUDY } from './studyKey.ts';

/** An enrolled device of somebody who is in the study. */
export type EnrolledDevice = { readonly holder: string; readonly user: string; readonly replica: string };

export type RecoveryShown = {
  readonly recovery: string;
  readonly threshold: number;
  /** Users, one device each. */
  readonly custodians: readonly string[];
  /** Shares that were released to this device. */
  readonly released: number;
  /** True if this device has a share. */
  readonly isCustodian: boolean;
};

export type Recovery = {
  readonly keys: readonly RecoveryShown[];
  readonly devices: readonly EnrolledDevice[];
  readonly fingerprint: string;
  readonly mayMake: boolean;
  /** True if this device was let in and does not hold the study's key. */
  readonly mayRecover: boolean;
};

/** @throws StoreError `key.locked` */
export const readRecovery = async (device: Device): Promise<Recovery> => {
  const { store, keys } = device;
  const { holders, users, recoveries } = accessOf(store).state().context;
  const fingerprint = await ownFingerprint(keys);
  const devices = Object.entries(holders).flatMap(([holder, { user, replica, state }]) =>
    state === 'enrolled' && entryOf(users, user)?.isActive === true ? [{ holder, user, replica }] : [],
  );
  const isLetIn = devices.some(({ holder }) => holder === fingerprint);
  const shown = Object.entries(recoveries).flatMap(([recovery, { threshold, custodians, released }]) =>
    entryOf(holders, recovery)?.state === 'recovery'
      ? [
          {
            ...{ recovery, threshold, released: released.filter(({ to }) => to === fingerprint).length },
            custodians: custodians.map((holder) => entryOf(holders, holder)?.user ?? ''),
            isCustodian: isLetIn && custodians.includes(fingerprint),
          },
        ]
      : [],
  );
  const isHeld = await holdsStudyKey(device);
  const mayMake = isHeld && mayAdminister(device);
  return { keys: shown, devices, fingerprint, mayMake, mayRecover: isLetIn && !isHeld };
};

const NOT_MADE: Readonly<Record<Extract<RecoveryMade, { kind: 'refused' }>['why'], string>> = {
  'not-enrolled': 'one of the devices is not enrolled any more',
  'same-person': 'two of the devices are of one person, who would count for two',
  threshold: 'choose at least as many custodians as are needed',
};

export type RecoveryPlan = { readonly custodians: readonly string[]; readonly threshold: number };

/** @throws StoreError as `makeRecoveryKey` */
export const makeRecovery = async ({ store, keys }: Device, plan: RecoveryPlan): Promise<OutcomeText> => {
  const made = await makeRecoveryKey(store, keys, { ...plan, names: [STUDY] });
  if (made.kind === 'refused') return { text: `No recovery key was made: ${NOT_MADE[made.why]}.`, isGood: false };
  if (made.kind === 'not-recorded') return { text: CHANGED, isGood: false };
  return { text: 'The recovery key is made. Its custodians have their shares at the next sync.', isGood: true };
};

export type Release = { readonly recovery: string; readonly to: string; readonly reason: string };

/** @throws StoreError as `releaseShare` */
export const release = async ({ store, keys }: Device, asked: Release): Promise<OutcomeText> => {
  const outcome = await releaseShare(store, keys, asked);
  return outcome?.kind === 'committed'
    ? { text: 'Your share is released to that device, and on record.', isGood: true }
    : { text: CHANGED, isGood: false };
};

/** @throws StoreError as `recoverKeys` */
export const recover = async ({ store, keys }: Device, recovery: string): Promise<OutcomeText> => {
  const outcome = await recoverKeys(store, keys, recovery);
  switch (outcome.kind) {
    case 'recovered': {
      const advice = 'Revoke this recovery key, make another, and have your signing key replaced before you sign.';
      return { text: `The study’s key is here again. ${advice}`, isGood: true };
    }
    case 'waiting': {
      const { released, needed } = outcome;
      return { text: `${released} of ${needed} shares are here. Ask the other custodians, and sync.`, isGood: false };
    }
    case 'unusable':
      return { text: 'The shares do not fit together. Ask a custodian who has not released one yet.', isGood: false };
    case 'unknown':
      return { text: CHANGED, isGood: false };
  }
};
