/** People who sign, with real Ed25519 keys, and what they enrol and sign as payloads. For tests. */

import { type TenantId, type UserId, userId } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { toBase64 } from '../../../src/crypto/bytes.ts';
import { type ActContent, type ActPlace, actMessage } from '../../../src/crypto/signedAct.ts';
import { makeSigningKey, type SigningKey, sign } from '../../../src/crypto/signer.ts';
import {
  endorsementMessage,
  type KeyStatement,
  possessionMessage,
  signingKeyId,
  type WordRole,
} from '../../../src/crypto/signerKey.ts';
import { TENANT } from '../support.ts';

export type Person = {
  readonly id: UserId;
  readonly printedName: string;
  readonly key: SigningKey;
  readonly identity: { readonly reference: string; readonly certifiedOn: string } | null;
};

export const personOf = async (id: string, printedName: string, key?: SigningKey): Promise<Person> => ({
  id: userId(id),
  printedName,
  key: key ?? (await makeSigningKey()),
  identity: { reference: `HR/${id}`, certifiedOn: '2026-01-15' },
});

export const statementOf = ({ id, printedName, key, identity }: Person): KeyStatement => ({
  signer: id,
  printedName,
  publicKey: key.publicKey,
  identity,
});

export const keyIdOf = ({ key }: Person) => signingKeyId(key.publicKey);

export const enrolment = async (person: Person, tenant: TenantId = TENANT): Promise<JsonObject> => ({
  printedName: person.printedName,
  publicKey: toBase64(person.key.publicKey),
  identity: person.identity,
  possession: toBase64(await sign(person.key, possessionMessage(tenant, statementOf(person)))),
});

/** The word of `by` for the key of `person`. */
export const endorsement = async (by: Person, person: Person, tenant: TenantId = TENANT): Promise<JsonObject> => ({
  signer: by.id,
  key: keyIdOf(by),
  signature: toBase64(await sign(by.key, endorsementMessage(tenant, statementOf(person)))),
});

/** The same as an event of its own, for a key that was proposed. */
export const wordFor = async (person: Person, by: Person, as: WordRole): Promise<JsonObject> => ({
  ...(await endorsement(by, person)),
  ...{ proposed: keyIdOf(person), as },
});

export const replacement = async (person: Person, by: readonly Person[]): Promise<JsonObject> => ({
  ...(await enrolment(person)),
  endorsements: await Promise.all(by.map((other) => endorsement(other, person))),
});

export const STATEMENT = 'I am accountable for what I sign electronically as for what I sign by hand.';

/** What is recorded of an act: its content as JSON, signed by `key`. */
export const actOf = async (place: ActPlace, content: ActContent, key: SigningKey): Promise<JsonObject> => ({
  ...asJson(content),
  signature: toBase64(await sign(key, actMessage(place, content))),
});

const asJson = (content: ActContent): JsonObject => JSON.parse(JSON.stringify(content));
