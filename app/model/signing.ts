/** Electronic signatures as this app asks for them: whose, with what statement, over which events, and what became of it. */
import {
  type ActInput,
  type ActOutcome,
  type ActRefusal,
  confirmAccountability,
  counterSign,
  enrolSigner,
  FORM_STATUS_EVENTS,
  type MEANINGS,
  openSigningSession,
  type SignatureManifest,
  type SigningHand,
  type SigningSession,
  signature64,
  signRecords,
  withdrawSignature,
} from '../../src/clinical.ts';
import type { CommitEntry, SendOutcome, Store } from '../../src/index.ts';
import type { Device } from './device.ts';
import { Form } from './form.ts';
import { type Credentials, type Entrant, IDLE_MINUTES } from './gate.ts';
import { outcomeText } from './outcome.ts';

export type Meaning = (typeof MEANINGS)[number];

/** What is shown, and signed, for each meaning. */
export const STATEMENTS: Readonly<Record<Meaning, string>> = {
  authored: 'I entered the data of this form, and they are what I observed or was told.',
  reviewed: 'I have reviewed the data of this form against the source.',
  approved: 'I have reviewed this form and approve it. Its data are complete and correct to the best of my knowledge.',
  responsible: 'I take responsibility for the data of this form.',
};
export const WITHDRAWAL = 'I withdraw my signature for the reason given. It stays to be seen, marked as withdrawn.';

/** Confirmed once by each signer, before the first signature (21 CFR 11.10(j), 11.100(c)). */
export const ACCOUNTABILITY =
  'I am accountable for everything done with my electronic signature. It is the legally binding equivalent of my handwritten ' +
  'signature. I keep my passphrase to myself, and I report at once if somebody else may know it.';

/** The signing key of somebody, by their passphrase, for one act. @throws StoreError as `vault.signingKey` */
export const handOf = async ({ vault }: Pick<Entrant, 'vault'>, credentials: Credentials): Promise<SigningHand> => {
  const { publicKey, privateKey } = await vault.signingKey(credentials);
  return {
    publicKey,
    sign: async (message) => signature64(new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, message))),
  };
};

/** A session that ends with the keys, and by itself when nobody is seen. */
export const openSigning = (entrant: Entrant): SigningSession<string> =>
  openSigningSession({
    authenticate: ({ user, secret }: { readonly user: string; readonly secret: string }) =>
      handOf(entrant, { user, passphrase: secret }),
    clock: { nowMs: () => Date.now(), uptimeMs: () => performance.now() },
    idleMs: IDLE_MINUTES * 60_000,
    lockedBy: entrant.keys,
  });

export type SignerFacts = {
  readonly printedName: string;
  readonly reference: string;
  /** ISO 8601 date. */
  readonly certifiedOn: string;
  readonly passphrase: string;
};

/** Enrols whoever acts as a signer. @throws StoreError as `vault.signingKey` and `enrolSigner` */
export const enrolAsSigner = async (device: Device, facts: SignerFacts): Promise<SendOutcome> => {
  const { passphrase, printedName, reference, certifiedOn } = facts;
  const id: string = device.keys.user;
  const hand = await handOf(device, { user: id, passphrase });
  return enrolSigner(device.store, { id, printedName, identity: { reference, certifiedOn } }, hand);
};

export const confirmAccountable = ({ store }: Device): Promise<SendOutcome> =>
  confirmAccountability(store, ACCOUNTABILITY);

/** What a person is about to sign. */
export type Act =
  | { readonly kind: 'sign' }
  | { readonly kind: 'counter-sign' | 'withdraw'; readonly manifest: SignatureManifest };

export type ActRequest = {
  readonly act: Act;
  readonly form: string;
  /** Number of the form's events that were on the screen. */
  readonly version: number;
  readonly meaning: Meaning;
  readonly components: { readonly user?: string; readonly secret: string };
  /** Of a withdrawal. */
  readonly reason: string;
};

/**
 * A verified form that is signed is at the stage signed, and names the signature: in one commit with it, so that there is no moment, and no end
 * of the page, between the two. Law: `signing.test` of the app.
 */
const naming =
  (store: Store, form: string, version: number) =>
  (signature: string): readonly CommitEntry[] => {
    const event = { type: 'FormSigned', signature } as const;
    const handle = store.aggregate(Form, form);
    return handle.can(event) ? [handle.entry(event, { expectedVersion: version })] : [];
  };

/** @throws StoreError as `signRecords` */
export const performAct = async (
  { store, signing }: Pick<Device, 'store' | 'signing'>,
  request: ActRequest,
): Promise<ActOutcome> => {
  const { act, form, version, meaning, components, reason } = request;
  const isWithdrawal = act.kind === 'withdraw';
  const input: ActInput<string> = {
    ...{ session: signing, components, identityRequired: true },
    meaning: isWithdrawal ? act.manifest.meaning : meaning,
    statement: isWithdrawal ? WITHDRAWAL : STATEMENTS[meaning],
  };
  const records = [{ of: Form, id: form, version, statusTypes: FORM_STATUS_EVENTS }];
  if (act.kind === 'sign') return signRecords(store, { ...input, records, also: naming(store, form, version) });
  const signature = act.manifest.id;
  if (act.kind === 'counter-sign') return counterSign(store, { ...input, signature, records });
  return withdrawSignature(store, { ...input, signature, reason });
};

const REFUSED: Readonly<Record<ActRefusal, string>> = {
  'all-needed': 'The signing session has ended. Give user and passphrase',
  'not-the-actor': 'Only whoever acts on this device may sign here. Switch user first',
  'not-enrolled': 'This user is not enrolled as a signer',
  'not-accountable': 'The accountability statement has not been confirmed',
  deactivated: 'This signer was deactivated',
  contested: 'This signer was enrolled on two devices. A person has to decide which enrolment counts',
  'identity-missing': 'No proof of identity is filed for this signer',
  'other-key': 'Your signing key on this device is not in force: another one took its place, or it was never proposed',
  undecided: 'The form holds a conflict, or entries that cannot be read here. Resolve it first',
  changed: 'The form has changed since you opened this. Close it, look at the form, and sign again',
};

/** What became of an act, in words; empty if it is recorded. */
export const actRefusal = (outcome: ActOutcome): string => {
  if (outcome.kind === 'signed') return '';
  if (outcome.kind === 'refused') return `${REFUSED[outcome.why]}. Nothing was signed.`;
  return outcomeText(outcome.outcome).text;
};

/** The stream of a form, as signatures name it. */
export const streamOfForm = (id: string): string => `${Form.type}/${id}`;

/** How a signature stands, in a word or two. */
export const STATE_TEXT: Readonly<Record<SignatureManifest['state'], string>> = {
  intact: 'Valid',
  'changed-since': 'Data changed since',
  unendorsed: 'New key, not endorsed',
  withdrawn: 'Withdrawn',
  contested: 'Contested',
  invalid: 'Invalid',
};

export const ACT_TEXT: Readonly<Record<SignatureManifest['act'], string>> = {
  Signed: 'Signed',
  CounterSigned: 'Counter-signed',
  SignatureWithdrawn: 'Withdrew the signature',
};

/** What stands for all signatures of a form in one line of a list; the gravest comes first. */
export const markOf = (manifests: readonly SignatureManifest[]): SignatureManifest['state'] | undefined => {
  const acts = manifests.filter(({ act }) => act !== 'SignatureWithdrawn');
  const asks = acts.filter(({ state, signAgain }) => state !== 'changed-since' || signAgain);
  const order = ['invalid', 'contested', 'unendorsed', 'changed-since', 'intact', 'withdrawn'] as const;
  return order.find((state) => asks.some((each) => each.state === state));
};
