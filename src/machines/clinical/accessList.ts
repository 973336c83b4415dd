/** The access list as a value: people, devices, keys, and who was given what. */

export type Member = {
  readonly role: string;
  readonly site: string | null;
  readonly isActive: boolean;
  /** Since when somebody is gone, UTC, by the clock of whoever removed them; null as long as they are there. */
  readonly removedFrom: string | null;
};

/** A user on one device. */
export type DeviceHolder = {
  readonly user: string;
  /** Base64. */
  readonly sharingKey: string;
  /** Who writes there. */
  readonly replica: string;
  /** Who wrote there before, oldest first. */
  readonly formerReplicas: readonly string[];
  /** `recovery`: a recovery key, which is nobody's device. */
  readonly state: 'requested' | 'enrolled' | 'revoked' | 'recovery';
  /** Since when its use does not count, UTC; null as long as it does. */
  readonly revokedFrom: string | null;
  /** Since when its passphrase is in use, as far as was recorded. */
  readonly passphraseSince: string | null;
  /** True if its user has renewed the passphrase on another device, and not here since. */
  readonly isRenewalDue: boolean;
};

export type MadeKey = { readonly id: string; readonly name: string };

/** A recovery key: how many of whose shares are needed. */
export type RecoveryKey = {
  readonly threshold: number;
  readonly custodians: readonly string[];
  /** Shares that were released, in order: whose, and to which device. */
  readonly released: readonly { readonly by: string; readonly to: string }[];
};

/** Whom a wrapping key is granted to that is sealed for a recovery key. */
export const RECOVERY_USER = 'recovery';

export type AccessContext = {
  readonly users: Readonly<Record<string, Member>>;
  /** By fingerprint. */
  readonly holders: Readonly<Record<string, DeviceHolder>>;
  /** Names that a user may hold the wrapping keys of. */
  readonly given: Readonly<Record<string, readonly string[]>>;
  /** Wrapping keys, oldest first. */
  readonly keys: readonly MadeKey[];
  /** Who has which wrapping key: its maker, and everybody to whom it was granted. */
  readonly held: Readonly<Record<string, readonly string[]>>;
  /** By fingerprint. */
  readonly recoveries: Readonly<Record<string, RecoveryKey>>;
  /** Who began the list, and where, until a device of theirs was let in there. */
  readonly founder: { readonly user: string; readonly replica: string } | null;
};

export type Table<T> = Readonly<Record<string, T>>;

/** The entry of a table, whatever its name is. */
export const entryOf = <T>(table: Table<T>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** True if this holder may have the wrapping keys of a name; a recovery key may have those that it was granted once. */
export const isEntitled = ({ users, holders, given }: AccessContext, holder: string, name: string): boolean => {
  const found = entryOf(holders, holder);
  if (found?.state === 'recovery') return true;
  if (found?.state !== 'enrolled' || entryOf(users, found.user)?.isActive !== true) return false;
  return entryOf(given, found.user)?.includes(name) === true;
};

export const isActive = ({ users }: AccessContext, user: string): boolean => entryOf(users, user)?.isActive === true;

/** An enrolled device of a user who is there. */
export const isPresent = (context: AccessContext, holder: string): boolean => {
  const found = entryOf(context.holders, holder);
  return found?.state === 'enrolled' && isActive(context, found.user);
};
