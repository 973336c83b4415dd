/** Who a database is: the identity that it was made with, or that succeeded it. */
import { StoreError } from '../core/errors.ts';
import { type TenantId, tenantId } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import { replicaIdOf } from '../crypto/chain.ts';
import { makeSigningKey } from '../crypto/signer.ts';
import type { EventStorage, Identity } from '../storage/port.ts';

/** A replica that has not written anything yet, with a key of its own, in the form that the storage can keep. */
export const newIdentity = async (storage: EventStorage, tenant: TenantId, clock: Clock): Promise<Identity> => {
  const key = await makeSigningKey({ extractable: storage.keepsKeyBytes === true });
  const createdAt = new Date(clock.nowMs()).toISOString();
  return { tenant, replica: replicaIdOf(key.publicKey), key, createdAt };
};

/**
 * Who writes in this database; a new replica if nobody has yet (`isNew`).
 * @param before  all that the database was or is, oldest first  @throws StoreError `store.wrong-tenant`
 */
export const identityOf = async (
  storage: EventStorage,
  before: readonly Identity[],
  { tenant, clock }: { readonly tenant: string; readonly clock: Clock },
): Promise<{ readonly identity: Identity; readonly identities: readonly Identity[]; readonly isNew: boolean }> => {
  const wanted = tenantId(tenant);
  const known = before.at(-1);
  if (known !== undefined && known.tenant !== wanted) throw new StoreError('store.wrong-tenant');
  if (known !== undefined) return { identity: known, identities: before, isNew: false };
  const made = await newIdentity(storage, wanted, clock);
  const identity = await storage.keepIdentity(made);
  return { identity, identities: [identity], isNew: identity.replica === made.replica };
};
