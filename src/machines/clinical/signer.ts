/**
 * A signer as an aggregate, `signer/<signer id>`: enrolled once, accountable after confirming the statement, deactivated for
 * ever. The id is the user id, and is never given to anybody else: a second enrolment is illegal in every state, and two at
 * once on two devices are a conflict over everything, which only a deactivation settles.
 *
 * ```
 * unknown --SignerEnrolled--> enrolled --AccountabilityConfirmed--> accountable --SignerDeactivated--> deactivated
 *                                ^  \_____________SignerDeactivated____________________________________/^
 *                                 \______________SignerKeyReplaced___________/  (also from enrolled)
 *                                  \_____________SignerKeyProposed__________/   (also from enrolled; then SignerKeyEndorsed)
 * ```
 * After a key was replaced or proposed the statement is confirmed again. A key that its holder proposes (on a new device, when the one
 * before it is lost) waits for the words of others, each an event of its own. What makes a key count is checked from the events themselves
 * (`crypto/signerHistory.ts`): the machine keeps order, it does not keep out forgers.
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { isStoreError } from '../../core/errors.ts';
import { publicKey32 } from '../../core/ids.ts';
import { LIMITS } from '../../core/limits.ts';
import { defineEvent } from '../../core/schema.ts';
import { fromBase64 } from '../../crypto/bytes.ts';
import { readEnrolledKey, signingKeyId, WORD_ROLES } from '../../crypto/signerKey.ts';
import { defineAggregate } from '../aggregate.ts';

/** True if `read` takes the value: the reader that verifies has the last word on what is stored. */
export const isReadable = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch (error) {
    if (isStoreError(error)) return false;
    throw error;
  }
};

const short = z.string().min(1).max(LIMITS.signedTextLengthMax);
const base64 = (bytes: number) => z.base64().length(4 * Math.ceil(bytes / 3));

const enrolledKey = {
  /** The name as it is shown beside each signature. */
  printedName: short,
  /** Ed25519 public key, base64. */
  publicKey: base64(32),
  /** Where the proof of identity is filed, and when the person was certified to the authority; null if not kept here. */
  identity: z.strictObject({ reference: short, certifiedOn: z.iso.date() }).nullable(),
  /** The new key's signature over this enrolment. */
  possession: base64(64),
};

const SignerEnrolledSchema = z
  .strictObject(enrolledKey)
  .refine((payload) => isReadable(() => readEnrolledKey(payload, false)), 'not an enrolment');

const SignerKeyReplacedSchema = z
  .strictObject({
    ...enrolledKey,
    /** Signatures over the same enrolment by the signer's key before it, or by two other signers. */
    endorsements: z
      .array(z.strictObject({ signer: short, key: z.hex().length(64), signature: base64(64) }))
      .min(1)
      .max(LIMITS.endorsementsMax),
  })
  .refine((payload) => isReadable(() => readEnrolledKey(payload, true)), 'not an enrolment');

const SignerKeyEndorsedSchema = z.strictObject({
  /** Id of the key that was proposed. */
  proposed: z.hex().length(64),
  /** How the one who vouches does: `self` with the key before it. */
  as: z.enum(WORD_ROLES),
  /** Who vouches, by which key of theirs, and its signature over the same enrolment. */
  signer: short,
  key: z.hex().length(64),
  signature: base64(64),
});

const AccountabilityConfirmedSchema = z.strictObject({
  /** The statement as it was shown: no clinical text. */
  statement: z.string().min(1).max(LIMITS.accountabilityLengthMax),
});

export type SignerEnrolledPayload = z.infer<typeof SignerEnrolledSchema>;
export type SignerKeyReplacedPayload = z.infer<typeof SignerKeyReplacedSchema>;
type SignerKeyEndorsedPayload = z.infer<typeof SignerKeyEndorsedSchema>;
export type AccountabilityConfirmedPayload = z.infer<typeof AccountabilityConfirmedSchema>;

type SignerEvent =
  | ({ readonly type: 'SignerEnrolled' } & SignerEnrolledPayload)
  | ({ readonly type: 'SignerKeyReplaced' } & SignerKeyReplacedPayload)
  | ({ readonly type: 'SignerKeyProposed' } & SignerEnrolledPayload)
  | ({ readonly type: 'SignerKeyEndorsed' } & SignerKeyEndorsedPayload)
  | ({ readonly type: 'AccountabilityConfirmed' } & AccountabilityConfirmedPayload)
  | { readonly type: 'SignerDeactivated' };

/** The newest key's enrolment, as the events have it. */
export type SignerContext = {
  readonly printedName: string;
  /** Id of the signing key; '' before the enrolment. */
  readonly key: string;
  readonly identity: { readonly reference: string; readonly certifiedOn: string } | null;
  /** Number of keys that this signer has had. */
  readonly keys: number;
  /** Ids of the keys that their holder has proposed, oldest first. */
  readonly proposed: readonly string[];
  /** Who said something for which of them; whether it holds, the events show. */
  readonly words: readonly { readonly proposed: string; readonly signer: string; readonly as: string }[];
};

const idOf = ({ publicKey }: Pick<SignerEnrolledPayload, 'publicKey'>): string =>
  signingKeyId(publicKey32(fromBase64(publicKey)));

const signers = setup({
  types: { context: {} as SignerContext, events: {} as SignerEvent },
  guards: {
    isNewKey: ({ context, event }) =>
      event.type === 'SignerKeyProposed' && ![context.key, ...context.proposed].includes(idOf(event)),
    isProposed: ({ context, event }) => event.type === 'SignerKeyEndorsed' && context.proposed.includes(event.proposed),
  },
});

const noteProposal = signers.assign(({ context, event }) =>
  event.type === 'SignerKeyProposed' ? { proposed: [...context.proposed, idOf(event)] } : {},
);

const noteWord = signers.assign(({ context, event }) => {
  if (event.type !== 'SignerKeyEndorsed') return {};
  const { proposed, signer, as } = event;
  return { words: [...context.words, { proposed, signer, as }] };
});

const takeKey = signers.assign(({ context, event }) => {
  if (event.type !== 'SignerEnrolled' && event.type !== 'SignerKeyReplaced') return {};
  const { printedName, identity } = event;
  return { printedName, key: idOf(event), identity, keys: context.keys + 1 };
});

const end = { SignerDeactivated: { target: 'deactivated' } } as const;
const replace = { SignerKeyReplaced: { target: 'enrolled', actions: takeKey } } as const;
const propose = {
  SignerKeyProposed: { target: 'enrolled', guard: 'isNewKey', actions: noteProposal },
  SignerKeyEndorsed: { guard: 'isProposed', actions: noteWord },
} as const;

const machine = signers.createMachine({
  id: 'signer',
  context: { printedName: '', key: '', identity: null, keys: 0, proposed: [], words: [] },
  initial: 'unknown',
  states: {
    unknown: { on: { SignerEnrolled: { target: 'enrolled', actions: takeKey } } },
    enrolled: { on: { AccountabilityConfirmed: { target: 'accountable' }, ...replace, ...propose, ...end } },
    accountable: { on: { ...replace, ...propose, ...end } },
    deactivated: {},
  },
});

/** One person who signs; the aggregate's id is the person's user id. */
export const Signer = defineAggregate({
  type: 'signer',
  version: 2,
  events: {
    SignerEnrolled: defineEvent({ version: 1, schema: SignerEnrolledSchema }),
    SignerKeyReplaced: defineEvent({ version: 1, schema: SignerKeyReplacedSchema }),
    SignerKeyProposed: defineEvent({
      version: 1,
      schema: SignerEnrolledSchema,
      touches: (payload) => [`proposed/${idOf(payload)}`],
    }),
    // people who vouch do not disagree
    SignerKeyEndorsed: defineEvent({ version: 1, schema: SignerKeyEndorsedSchema, touches: () => [] }),
    AccountabilityConfirmed: defineEvent({
      version: 1,
      schema: AccountabilityConfirmedSchema,
      touches: () => ['accountability'],
    }),
    SignerDeactivated: defineEvent({ version: 1, schema: z.strictObject({}) }),
  },
  machine,
  needsReason: ({ type }) => !['SignerEnrolled', 'AccountabilityConfirmed'].includes(type),
});
