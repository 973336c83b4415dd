/**
 * Signers and their keys as this device holds them, by the code by which an auditor reads an export. What speaks against a
 * commit by the access list counts here too: a key or a word that its author may not record has no effect.
 */
import type { Finding } from '../core/commit.ts';
import type { PublicKey32, UserId } from '../core/ids.ts';
import { userId } from '../core/ids.ts';
import { type HashedEvent, signerStream } from '../crypto/signerEvents.ts';
import { readSigners, type SignerHistory, type SignerKey, type Voucher } from '../crypto/signerHistory.ts';
import type { IdentityProof } from '../crypto/signerKey.ts';
import { Signer } from '../machines/clinical/index.ts';
import { defineView } from '../projections/view.ts';
import type { Store } from '../store/types.ts';

/** The view by which people find the keys that wait for their word: register it and `Signer` with the store. */
export const SignerIndex = defineView({
  name: 'signers',
  of: Signer,
  row: ({ id, value, context }) => ({ id: String(id), state: String(value), proposed: context.proposed }),
});

/** A finding names the first event of a commit that its author may not record; the replica is not heard after it either. */
const isDenied = ({ body, context }: HashedEvent, findings: readonly Finding[]): boolean =>
  findings.some(
    ({ code, replica, sequence }) =>
      code === 'access.denied' && replica === context.replica && sequence <= body.sequence,
  );

const JUDGED: readonly string[] = ['SignerKeyProposed', 'SignerKeyEndorsed', 'SignerKeyReplaced'];

/** What the events held say of any signer. @throws StoreError `aggregate.unknown-type`, `storage.*` */
export const signersOf = async (store: Store): Promise<(signer: UserId) => Promise<SignerHistory>> => {
  const findings = await store.findings();
  return readSigners(store.tenant, async (signer) => {
    const events = await store.sealedEvents(signerStream(signer));
    return events.filter((event) => !(JUDGED.includes(event.body.type) && isDenied(event, findings)));
  });
};

/** A key of a signer, as it is to be shown. */
export type SignerKeyShown = {
  readonly signer: UserId;
  /** Id of the key. */
  readonly key: string;
  readonly publicKey: PublicKey32;
  readonly printedName: string;
  readonly identity: IdentityProof | null;
  /**
   * `in-force`: the signer's. `ended`: another came in its place. `unendorsed`: proposed, and too few have vouched for it.
   * `unsound`: it counts for nothing.
   */
  readonly state: 'in-force' | 'ended' | 'unendorsed' | 'unsound';
  readonly endorsedBy: readonly Voucher[];
  /** Reason that was given for it; undefined for a first one. */
  readonly reason: string | undefined;
  /** Device time, RFC 3339 UTC. */
  readonly recordedAt: string;
};

const shownOf = (signer: UserId, history: SignerHistory, key: SignerKey): SignerKeyShown => {
  const { event, enrolled, vouchers } = key;
  const newest = history.keys.findLast(({ sound }) => sound);
  const sound = key === newest && history.deactivations.length === 0 ? 'in-force' : 'ended';
  return {
    ...{ signer, key: key.id, publicKey: enrolled.publicKey, printedName: enrolled.printedName },
    identity: enrolled.identity,
    state: key.sound ? sound : key.unendorsed ? 'unendorsed' : 'unsound',
    ...{ endorsedBy: vouchers, reason: event.body.reason, recordedAt: event.context.recordedAt.utc },
  };
};

/** Every key that a signer has had or has proposed, oldest first. @throws StoreError `aggregate.unknown-type`, `storage.*` */
export const signerKeysOf = async (store: Store, signer: string): Promise<readonly SignerKeyShown[]> => {
  const id = userId(signer);
  const history = await (await signersOf(store))(id);
  return history.keys.map((key) => shownOf(id, history, key));
};

/**
 * Keys that were proposed and that too few have vouched for, of signers who were not deactivated.
 * @throws StoreError `aggregate.unknown-type` if `SignerIndex` is not registered, `storage.*`
 */
export const keysToEndorse = async (store: Store): Promise<readonly SignerKeyShown[]> => {
  const rows = store.view(SignerIndex).rows();
  const waiting = rows.filter(({ state, proposed }) => state !== 'deactivated' && proposed.length > 0);
  const keys = await Promise.all(waiting.map(({ id }) => signerKeysOf(store, id)));
  return keys.flat().filter(({ state }) => state === 'unendorsed');
};
