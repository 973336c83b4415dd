/** Signing keys as this app shows them: the one of this device, and those that wait for the word of others. */
import {
  type EndorseOutcome,
  endorseSignerKey,
  keysToEndorse,
  proposeSignerKey,
  type SignerKeyShown,
  signerKeysOf,
} from '../../src/clinical.ts';
import type { SendOutcome } from '../../src/index.ts';
import type { Device } from './device.ts';
import { type OutcomeText, outcomeText } from './outcome.ts';
import { handOf, type SignerFacts } from './signing.ts';

export type SignerKeys = {
  /** Id of the key with which whoever acts would sign here. */
  readonly key: string;
  /** How it stands. `new`: they are a signer with a key of another device. `none`: they are no signer yet. */
  readonly state: SignerKeyShown['state'] | 'new' | 'none';
  /** What was recorded of them last. */
  readonly known: SignerKeyShown | undefined;
  /** Keys that wait for words, of anybody. */
  readonly due: readonly SignerKeyShown[];
};

/** @throws StoreError `key.locked`, `storage.*` */
export const readSignerKeys = async ({ store, keys }: Device): Promise<SignerKeys> => {
  const key = await keys.signingKeyId();
  const own = await signerKeysOf(store, keys.user);
  const state = own.find((each) => each.key === key)?.state ?? (own.length === 0 ? 'none' : 'new');
  return { key, state, known: own.at(-1), due: await keysToEndorse(store) };
};

/** Proposes the key of this device for whoever acts. @throws StoreError as `vault.signingKey` and `proposeSignerKey` */
export const proposeKey = async (device: Device, facts: SignerFacts & { reason: string }): Promise<SendOutcome> => {
  const { passphrase, printedName, reference, certifiedOn, reason } = facts;
  const hand = await handOf(device, { user: device.keys.user, passphrase });
  return proposeSignerKey(device.store, { printedName, identity: { reference, certifiedOn }, reason }, hand);
};

const NO_WORD: Readonly<Record<Extract<EndorseOutcome, { kind: 'no-word' }>['why'], string>> = {
  'no-proposal': 'Enough people have vouched for this key already. Nothing was recorded.',
  'no-voucher':
    'Your own signing key on this device cannot vouch: it is not in force, or is so by the word of others. Nothing was recorded.',
};

/** What became of a proposal or a word, in words. */
export const keyOutcomeText = (outcome: EndorseOutcome): OutcomeText => {
  if (outcome.kind === 'no-word') return { text: NO_WORD[outcome.why], isGood: false };
  if (outcome.kind === 'refused' && outcome.why === 'not-permitted')
    return { text: 'This device was not let in for you: have that done first. Nothing was recorded.', isGood: false };
  return outcomeText(outcome);
};

export type Word = { readonly signer: string; readonly key: string; readonly reason: string };

/** Vouches for a key, as whoever acts. @throws StoreError as `vault.signingKey` and `endorseSignerKey` */
export const endorseKey = async (device: Device, word: Word, passphrase: string): Promise<OutcomeText> => {
  const hand = await handOf(device, { user: device.keys.user, passphrase });
  return keyOutcomeText(await endorseSignerKey(device.store, word, hand));
};

const ROLE: Readonly<Record<SignerKeyShown['endorsedBy'][number]['as'], string>> = {
  self: ' with the key before',
  administrator: ', administrator',
  signer: '',
};

/** Who has vouched for a key, in words; empty if nobody has. */
export const vouchersText = (vouchers: SignerKeyShown['endorsedBy']): string =>
  vouchers.map(({ signer, as }) => `${signer}${ROLE[as]}`).join('; ');
