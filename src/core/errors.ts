/**
 * The closed list of failure codes and the one error class of the library.
 *
 * Invariants: a code, once released, keeps its meaning; details hold identifiers, counts, positions and digests only,
 * never a value that a person recorded. Outcomes (a conflict, a refusal) are returned, not thrown.
 */

/** Every failure the library can report, with the sentence that tells a person what it means and what to do. */
export const ERROR_TEXT = {
  'access.after-revocation':
    'A commit of a device or user that was revoked came after that, dated before it. It is kept; a person decides what it is worth.',
  'conflict.unknown-choice':
    'A choice names a key that is not in conflict, or an event that is no side of it. Take both from the conflicts that you resolve.',
  'conflict.not-permitted':
    'Somebody ended a conflict whose role may not. It is kept without effect, and the conflict stays open.',
  'access.denied':
    'Who recorded this was not entitled to. It counts for nothing and is not passed on; have somebody who administers the study do it.',
  'access.revoked':
    'The device or its user was revoked before this was recorded. It stays on the device and is not taken; export it there if it is needed.',
  'aggregate.impure':
    'The machine has effects (invoke, after, spawn or actions other than assign). Move them to a processor.',
  'aggregate.unknown-type': 'No aggregate of this type is registered with the store.',
  'append.invalid': 'An event does not satisfy its schema. Nothing was stored.',
  'append.unknown-event': 'The event type is not part of this aggregate. Nothing was stored.',
  'append.too-large': 'The append exceeds a size limit. Nothing was stored; split it.',
  'append.contention': 'Other tabs kept writing and this append never got its turn. Nothing was stored; try again.',
  'bundle.malformed': 'The file is not an Indelible export.',
  'bundle.unsupported-format': 'The export was written by a newer version. Update the verifier.',
  'canonical.malformed': 'The bytes are not canonical JSON (RFC 8785).',
  'canonical.unsupported-value':
    'A value has no canonical JSON form (undefined, NaN, infinity, lone surrogate, or nested too deep).',
  'chain.fork': 'Two different events claim the same place in one replica: its storage was cloned or restored.',
  'chain.gap': 'Events of this replica are missing before this commit.',
  'chain.leaf-mismatch': 'An event is not the one that was signed.',
  'chain.link-mismatch': 'A commit does not continue the chain of its replica.',
  'chain.root-mismatch': 'The events of a commit do not add up to its signed root.',
  'commit.malformed': 'The bytes are not a commit of this format.',
  'commit.unsupported-format': 'The commit has a newer format. Update the software; the bytes are kept.',
  'checkpoint.malformed': 'The text is not a signed note of a known form.',
  'erasure.incomplete':
    'Something that was to be erased can still be opened on this device: its key changed under way, or takes no more redactions. Try again; erase the subject as a whole if it stays so.',
  'erasure.malformed': 'An event of an erasure is not in its form, or not of whom it names. It counts for nothing.',
  'erasure.unlawful':
    'A device says that it has destroyed a value without an approval that counts. Ask who ordered it, and restore what is needed from a copy.',
  'esign.changed':
    'An electronic signature names an event that is not here, or not the one signed: the record was altered, cut or exchanged after it was signed.',
  'esign.invalid':
    'An electronic signature was not made by the signer over these records. Do not rely on it; ask how it came into the record.',
  'esign.key-not-in-force':
    'An electronic signature was made with a key that had been replaced, or after its signer had been deactivated.',
  'esign.key-unknown':
    'A signing key is not one that was enrolled for this signer, or nobody entitled has vouched for it. Signatures with it count for nothing.',
  'esign.malformed': 'An event of the electronic signatures is not in its form. It counts for nothing.',
  'esign.signer-reused':
    'One signer id was enrolled twice. Signer ids are never reused: give the second person another id.',
  'esign.unaccountable': 'An electronic signature does not rest on a confirmed accountability statement of its signer.',
  'event.duplicate-id': 'Another event already has this id.',
  'event.not-permitted':
    'Somebody recorded what is not for their role. It is kept without effect; somebody in a role that may records it.',
  'event.unreadable':
    'The payload of an event does not satisfy the schema of its type. It is kept, counted, and has no effect on the state: correct it by a new event, or mend the upcaster.',
  'field.too-large':
    'A protected value exceeds the size limit, or the size that its field declares. Nothing was stored; split it, or declare a larger `sizeMax`.',
  'field.unreadable':
    'A sealed value does not open here: it was altered, or belongs to another place. The record is kept, nothing of it is shown.',
  'id.malformed': 'An identifier is not in its canonical form.',
  'import.cancelled': 'The import was cancelled. What had been committed stays.',
  'import.malformed-xml': 'The file is not well-formed XML, or has a DOCTYPE.',
  'import.missing-attribute': 'A required attribute is missing.',
  'import.not-odm': 'The file is not a CDISC ODM document of the expected kind.',
  'import.too-large': 'The file exceeds an import limit.',
  'import.unknown-reference': 'The file refers to something that it does not define.',
  'import.unsupported-version': 'The ODM version is not supported. Supported: 1.3, 1.3.1, 1.3.2.',
  'invariant.broken': 'An internal rule was broken. Please report this with the details.',
  'key.data-malformed': 'The bytes are not a data key of a known form. Nothing was opened with them.',
  'key.locked': 'The keys are locked. Unlock them and open the store again; what was recorded is kept.',
  'key.malformed': 'The key is not an Ed25519 public key that may be trusted.',
  'key.not-extractable':
    'This storage keeps a private key as bytes inside its encrypted database, and this key cannot be exported. Make it extractable; the kept one is not.',
  'key.not-held': 'This user does not hold the key of this scope. Ask somebody who holds it to grant it.',
  'key.randomness-repeated':
    'The source of random bytes repeats itself. Nothing was sealed; reload the page, and do not record on this device if it stays so.',
  'key.session-required':
    'This store has protected fields and opens with unlocked keys only: pass a key session as `keys`.',
  'key.shredded':
    'The key was destroyed on purpose: what it protected cannot be read, and nothing new is sealed under it.',
  'key.passkey-unavailable':
    'No passkey that can unlock was to be had: cancelled, gone, or without the PRF extension. Unlock another way.',
  'key.refused': 'These keys were not unlocked: user, secret and vault do not go together. Nothing was opened.',
  'key.renewal-due': 'The passphrase is older than is allowed. Unlock with it and a new one.',
  'key.self-test-failed':
    'A key does not do what it did when it was made. Nothing is written with it; keep this device and export what it holds.',
  'key.unavailable':
    'This platform has no WebCrypto as it is needed. Update the browser, or use a secure (https or localhost) page.',
  'key.wait': 'Too many failed attempts. Wait as long as is said, then try again.',
  'key.weak':
    'The passphrase is too short or too long (8 to 256 characters), or the key is not one of 32 random bytes.',
  'mirror.plain':
    'The storage of this RxDB collection would keep members of rows in the clear. Use memory storage, or wrap the storage for encryption, give the database a password, and name every member but the primary key in `encrypted`.',
  'mirror.refused':
    'The RxDB collection does not take some rows. Compare its schema with the members of a row; the code is the one that RxDB gives.',
  'processor.full':
    'Too many events of a processor are set aside. Nothing is lost: mend what it calls, then let it try them again (`retry`).',
  'processor.parked':
    'A processor failed on an event again and again and has set it aside; the events after it went on. Mend the cause, then `retry`.',
  'processor.unknown': 'No processor of this name is registered with the store. Name it in `processors`.',
  'proof.malformed': 'A proof has an impossible length or range.',
  'proof.root-mismatch': 'A proof does not lead to the expected root.',
  'query.unknown-view':
    'No view or rollup of this name is registered with the store. Name it in `views`, a rollup after what it is of.',
  'query.wrong-moment':
    'The moment is neither a number of events nor a time by RFC 3339. Give { size: 120 } or { time: "2026-01-05T09:00:00Z" }.',
  'query.wrong-cursor':
    'The cursor is of a query that orders by other members. Begin again at the first page, or order as that query did.',
  'query.wrong-limit': 'A limit is a whole number of rows, 0 or more. Leave it out to have all rows.',
  'receipt.ahead-of-log': 'A receipt vouches for more events than are held.',
  'receipt.mismatch': 'A receipt names a head that differs from the one held.',
  'schema.gap':
    'The upcasters of an event type do not lead from its first version to its newest, one by one: one is missing, or one leads beyond. Add it, or raise the version.',
  'schema.undrawable':
    'No arbitrary can be made of a schema: it says what it takes by a function. Give an arbitrary for that part.',
  'schema.unprotectable':
    'A protected part stands where it cannot be found without a value: inside a union, a transform, a lazy schema or the like. Mark the whole of it, or take it out.',
  'schema.unsearchable':
    'The field has few possible values, is no text or number, or is not marked as searchable. Mark fields of high variety only: `search: { variety: "high" }`.',
  'seal.mismatch': 'The export was changed after it was sealed, or is incomplete.',
  'server.forbidden': 'The server does not accept this tenant or origin.',
  'server.not-found': 'The server has no such resource.',
  'server.key-changed':
    'The server signs with another key than before. Nothing is exchanged until a person has looked.',
  'server.rolled-back': 'The server holds less than it had confirmed: it was restored. What it lacks is sent again.',
  'server.internal': 'The server failed. Nothing was acknowledged; try again later.',
  'server.unprotected': 'A server on a non-loopback address needs an access token. Start it with --token-file.',
  'signature.invalid': 'A signature does not verify.',
  'storage.absent': 'There is no database of this name here. Nothing was made.',
  'storage.blocked': 'Another tab keeps an older version of the database open. Close the other tabs.',
  'storage.busy': 'Another process kept the database locked. Nothing was stored; try again.',
  'storage.closed': 'The store is closed.',
  'storage.connection-lost':
    'The connection to the database was lost, and a new one did not help. Reload the page or start the program again; what had been recorded is kept.',
  'storage.corrupt':
    'A stored record cannot be read. Nothing was changed; the record is kept. A store opens past it; if it does not open, rescue what is there and sync on a new database.',
  'storage.driver-missing':
    'The SQLite driver is not installed, or not for this platform: npm install better-sqlite3-multiple-ciphers (version 12 for Node 20). Nothing was opened.',
  'storage.failed': 'The database refused an operation. Nothing was stored.',
  'storage.immutable': 'Committed records cannot be changed or deleted.',
  'storage.key-missing': 'A database key is 32 bytes, not all zero; none was given. Nothing was opened.',
  'storage.key-wrong':
    'The database does not open with this key, or its first page is damaged. Nothing was changed; bring the key it was made with.',
  'storage.locked':
    'The database opens with its database key only, and none was given. Nothing was changed; unlock it and open it again.',
  'storage.lost':
    'The database that was here is gone or shorter than it was. A new replica goes on once the store is opened again; what the server had confirmed comes back by sync.',
  'storage.outdated':
    'A newer version of this application has opened the database. Reload the page; what had been recorded is kept.',
  'storage.quota-exceeded': 'The device is out of space for this site. Nothing was stored; free space and try again.',
  'storage.read-only':
    'This database was opened to be read and exported as it is. Nothing can be recorded into it this way.',
  'storage.unencrypted':
    'This SQLite would write, or has written, a database that anybody can read. It is not used, and no record was stored.',
  'storage.unavailable': 'This browser gives no IndexedDB here (private mode?). Nothing can be recorded safely.',
  'storage.unresponsive':
    'The database did not answer in time. Whether the last change was stored shows when it answers again. Reload the page.',
  'storage.upgrade-failed':
    'The database could not be brought to the layout of this version. Nothing was changed: all that was recorded is there and can be read and exported as it is. Free space, close other tabs and open again.',
  'store.not-provided': 'No store is provided here. Render the component inside an IndelibleProvider.',
  'store.part-missing':
    'A part of the program could not be loaded. Go online and try again; to have it offline, keep every file of the build on the device or call loadParts while online.',
  'store.turn-lost': 'Another tab took over this work while this one was asleep. It is tried again.',
  'store.wrong-tenant': 'This database belongs to another tenant. Open it under a name of its own.',
  'store.unavailable-actor': 'The actor of an event is missing. Nothing was stored.',
  'sync.offline': 'The server cannot be reached.',
  'sync.protocol': 'A message of the other side does not follow the protocol.',
  'sync.unauthorised': 'The server refused the access token.',
  'sync.unsupported-protocol':
    'One side speaks a newer protocol than the other. Update the older one; everything recorded is kept.',
  'sync.wrong-tenant': 'The commit belongs to another tenant.',
  'sync.rate-limited': 'The server asks to slow down.',
  'vault.absent': 'There is no vault of this name here. Make one, or check the name.',
  'vault.contention': 'Another tab kept changing the vault. Nothing was changed; try again.',
  'vault.exists': 'There is a vault of this name already. Nothing was changed.',
  'vault.full': 'The vault takes no more users, or no more ways to unlock. Remove one first.',
  'vault.malformed': 'The vault cannot be read as it stands. Nothing was changed; restore it from a copy.',
  'vault.unsupported-format': 'The vault has a newer format. Update the software; the vault is kept.',
  'vault.user-exists': 'The vault has this user already. Nothing was changed.',
} as const;

export type ErrorCode = keyof typeof ERROR_TEXT;

/** Identifiers, counts, positions and digests that place a failure. Never a recorded value. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

const NAME = 'StoreError';

/** The only error the library throws on purpose. `code` is stable; `message` is for people. */
export class StoreError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  override readonly name = NAME;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(`${code}: ${ERROR_TEXT[code]}${placeOf(details)}`, options);
    this.code = code;
    this.details = details;
  }
}

const placeOf = (details: ErrorDetails): string => {
  const parts = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
};

/** True for a StoreError, also one made by another copy of the library, with the given code if one is named. */
export const isStoreError = (error: unknown, code?: ErrorCode): error is StoreError =>
  error instanceof Error &&
  error.name === NAME &&
  'code' in error &&
  (code === undefined ? typeof error.code === 'string' && isErrorCode(error.code) : error.code === code);

/** True for a string that is one of the codes. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_TEXT, code);

/** Throws `invariant.broken` with the rule's name when it does not hold. */
export function invariant(holds: boolean, rule: string, details: ErrorDetails = {}): asserts holds {
  if (!holds) throw new StoreError('invariant.broken', { rule, ...details });
}
