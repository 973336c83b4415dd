/** What is recorded of access: people, their devices, wrapping keys, and who was given which. No secret is readable in any of it. */
import * as z from 'zod';
import { isUtc } from '../../core/envelope.ts';
import { LIMITS } from '../../core/limits.ts';
import { defineEvent } from '../../core/schema.ts';
import { holderFingerprint } from '../../crypto/holder.ts';
import { isReadable } from './signer.ts';

const short = z.string().min(1).max(LIMITS.idLengthMax);
/** A holder's fingerprint: `holderFingerprint` of the sharing key. */
const holder = z.hex().length(64);
const keyId = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const utc = z.string().refine(isUtc, 'not a time');

const isHolder = ({ holder: named, sharingKey }: { readonly holder: string; readonly sharingKey: string }): boolean => {
  let found = '';
  const read = () => {
    found = holderFingerprint(sharingKey);
  };
  return isReadable(read) && found === named;
};

const member = z.strictObject({
  user: short,
  role: short,
  /** Null: of no single site. */
  site: short.nullable(),
});
const person = z.strictObject({ user: short });
const device = z.strictObject({ holder });

const DeviceRequestedSchema = z
  .strictObject({
    holder,
    user: short,
    /** The public half of the user's sharing key on that device, base64. */
    sharingKey: z.base64().length(88),
    /** Who writes there. */
    replica: z.hex().length(32),
  })
  .refine(isHolder, 'not the fingerprint of this key');

const named = z.strictObject({ user: short, name: short });

const KeyGrantedSchema = z.strictObject({
  wrapping: keyId,
  name: short,
  holder,
  /** The wrapping key, sealed for the holder by HPKE, base64. */
  sealed: z.base64().max(LIMITS.grantLengthMax),
});

const RecoveryKeyMadeSchema = z
  .strictObject({
    /** Fingerprint of the recovery key. */
    holder,
    /** Its public half, base64. */
    sharingKey: z.base64().length(88),
    /** Shares that are needed to have its private half. */
    threshold: z.int().min(1),
    /** A share for each custodian, sealed for their device by HPKE, base64. */
    shares: z
      .array(z.strictObject({ holder, sealed: z.base64().max(LIMITS.grantLengthMax) }))
      .min(1)
      .max(LIMITS.custodiansMax),
  })
  .refine(isHolder, 'not the fingerprint of this key')
  .refine(({ threshold, shares }) => threshold <= shares.length, 'more shares than there are')
  .refine(({ shares }) => new Set(shares.map((share) => share.holder)).size === shares.length, 'two shares for one');

export type MemberPayload = z.infer<typeof member>;
export type DeviceRequestedPayload = z.infer<typeof DeviceRequestedSchema>;
export type KeyGrantedPayload = z.infer<typeof KeyGrantedSchema>;

const ofUser = ({ user }: { readonly user: string }) => [`user/${user}`];
const ofHolder = ({ holder: id }: { readonly holder: string }) => [`holder/${id}`];
const ofAccess = ({ user, name }: { readonly user: string; readonly name: string }) => [
  `access/${JSON.stringify([user, name])}`,
];

export const accessEvents = {
  UserAdded: defineEvent({ version: 1, schema: member, touches: ofUser }),
  UserChanged: defineEvent({ version: 1, schema: member, touches: ofUser }),
  UserRemoved: defineEvent({ version: 1, schema: person, touches: ofUser }),
  UserReadmitted: defineEvent({ version: 1, schema: member, touches: ofUser }),
  DeviceRequested: defineEvent({ version: 1, schema: DeviceRequestedSchema, touches: ofHolder }),
  DeviceEnrolled: defineEvent({ version: 1, schema: device, touches: ofHolder }),
  DeviceMoved: defineEvent({
    version: 1,
    /** `replica`: who writes there now, after the one before it was closed there. */
    schema: z.strictObject({ holder, replica: z.hex().length(32) }),
    touches: ofHolder,
  }),
  DeviceRevoked: defineEvent({
    version: 1,
    /** `from`: since when its use does not count, UTC; a device may have been lost before anybody told. */
    schema: z.strictObject({ holder, from: utc }),
    touches: ofHolder,
  }),
  AccessGiven: defineEvent({ version: 1, schema: named, touches: ofAccess }),
  AccessRevoked: defineEvent({ version: 1, schema: named, touches: ofAccess }),
  WrappingKeyMade: defineEvent({
    version: 1,
    schema: z.strictObject({ wrapping: keyId, name: short, holder }),
    touches: ({ wrapping }) => [`wrapping/${wrapping}`],
  }),
  KeyGranted: defineEvent({
    version: 1,
    schema: KeyGrantedSchema,
    // two who grant the same do not disagree
    touches: () => [],
  }),
  KeyHeld: defineEvent({
    version: 1,
    schema: z.strictObject({ wrapping: keyId, holder }),
    touches: () => [],
  }),
  RecoveryKeyMade: defineEvent({ version: 1, schema: RecoveryKeyMadeSchema, touches: ofHolder }),
  RecoveryShareReleased: defineEvent({
    version: 1,
    schema: z.strictObject({
      recovery: holder,
      /** The custodian who releases it, and the device that it is sealed for. */
      by: holder,
      to: holder,
      sealed: z.base64().max(LIMITS.grantLengthMax),
    }),
    touches: () => [],
  }),
  PassphraseRenewed: defineEvent({
    version: 1,
    /** `since`: from when the new passphrase is that of the holder's user, UTC. */
    schema: z.strictObject({ holder, since: utc }),
    touches: ({ holder: of }) => [`passphrase/${of}`],
  }),
};
