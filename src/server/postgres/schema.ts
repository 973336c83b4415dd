/**
 * The tables, in versioned steps. A step that has been released is never edited: a change is a new step.
 *
 * `commits`, `events` and `refused` are append-only: triggers refuse UPDATE, DELETE and TRUNCATE to everybody, also during
 * replication, and the runtime role has no right to them in the first place. `heads` and `logs` are derived state; `key_rows` is what
 * devices carry past each other, and the one place where something is emptied on purpose.
 * Laws: `schema.laws`. What this does not promise: an owner of the database can drop a trigger; then the chains show it.
 */
import { StoreError } from '../../core/errors.ts';
import { databaseError, IMMUTABLE_STATE, type Query } from './database.ts';

const APPEND_ONLY = ['commits', 'events', 'refused'] as const;
export const RUNTIME_ROLE = 'indelible_runtime';

const TABLES: readonly string[] = [
  `CREATE TABLE indelible.logs (
    tenant text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL CHECK (size >= 0),
    commits bigint NOT NULL CHECK (commits >= 0),
    peaks bytea NOT NULL CHECK (octet_length(peaks) % 32 = 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32))`,
  `CREATE TABLE indelible.heads (
    tenant text COLLATE "C" NOT NULL,
    replica text COLLATE "C" NOT NULL,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    sequence bigint NOT NULL CHECK (sequence >= 1),
    link bytea NOT NULL CHECK (octet_length(link) = 32),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, replica))`,
  `CREATE TABLE indelible.commits (
    tenant text COLLATE "C" NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    events integer NOT NULL CHECK (events >= 1),
    replica text COLLATE "C" NOT NULL,
    first bigint NOT NULL CHECK (first >= 1),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    link bytea NOT NULL CHECK (octet_length(link) = 32),
    tree_root bytea NOT NULL CHECK (octet_length(tree_root) = 32),
    bytes bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, position),
    UNIQUE (tenant, replica, first))`,
  `CREATE TABLE indelible.events (
    tenant text COLLATE "C" NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    event_id uuid NOT NULL,
    replica text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 1),
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
    stream text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, position),
    UNIQUE (tenant, event_id),
    UNIQUE (tenant, replica, sequence))`,
  `CREATE TABLE indelible.refused (
    tenant text COLLATE "C" NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    code text NOT NULL,
    what text,
    replica text COLLATE "C",
    first bigint NOT NULL,
    bytes bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, hash))`,
];

const GUARDS: readonly string[] = [
  `CREATE FUNCTION indelible.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'committed records cannot be changed or deleted' USING ERRCODE = '${IMMUTABLE_STATE}';
  END $$`,
  ...APPEND_ONLY.flatMap((table) => [
    `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indelible.${table}
      FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse_change()`,
    `ALTER TABLE indelible.${table} ENABLE ALWAYS TRIGGER append_only`,
  ]),
];

/**
 * The key sheet: the one thing here that is changed and emptied, because a key that is destroyed has to be gone. A row whose
 * wrap is gone is changed no more; none is deleted, or its key could come back.
 */
const KEYS: readonly string[] = [
  `CREATE TABLE indelible.key_sheets (
    tenant text COLLATE "C" PRIMARY KEY,
    changes bigint NOT NULL CHECK (changes >= 0))`,
  `CREATE TABLE indelible.key_rows (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    under text COLLATE "C" NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 1),
    changed bigint NOT NULL CHECK (changed >= 1),
    wrap bytea,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, changed))`,
  `CREATE FUNCTION indelible.keep_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.wrap IS NULL OR NEW.tenant <> OLD.tenant OR NEW.id <> OLD.id OR NEW.scope <> OLD.scope
      OR NEW.revision <> OLD.revision + 1 THEN
      RAISE EXCEPTION 'a destroyed key stays destroyed' USING ERRCODE = '${IMMUTABLE_STATE}';
    END IF;
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER keep_destroyed BEFORE UPDATE ON indelible.key_rows
    FOR EACH ROW EXECUTE FUNCTION indelible.keep_destroyed()`,
  `CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON indelible.key_rows
    FOR EACH STATEMENT EXECUTE FUNCTION indelible.refuse_change()`,
  ...['keep_destroyed', 'keep_rows'].map((name) => `ALTER TABLE indelible.key_rows ENABLE ALWAYS TRIGGER ${name}`),
  ...['key_sheets', 'key_rows'].flatMap((table) => [
    `ALTER TABLE indelible.${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE indelible.${table} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY own_tenant ON indelible.${table}
      USING (tenant = current_setting('indelible.tenant', true))
      WITH CHECK (tenant = current_setting('indelible.tenant', true))`,
  ]),
];

/** Every push asks for the newest event of access. */
const ACCESS: readonly string[] = [
  `CREATE INDEX access_events ON indelible.events (tenant, stream, position) WHERE stream LIKE 'access/%'`,
];

/** One stream is looked up wherever an aggregate is folded here, the list of access among them. */
const STREAMS: readonly string[] = [
  'CREATE INDEX stream_events ON indelible.events (tenant, stream, position)',
  'DROP INDEX indelible.access_events',
];

const STEPS: readonly (readonly string[])[] = [[...TABLES, ...GUARDS], KEYS, ACCESS, STREAMS];

const GRANTS: readonly string[] = [
  `GRANT USAGE ON SCHEMA indelible TO ${RUNTIME_ROLE}`,
  `GRANT SELECT ON indelible.versions TO ${RUNTIME_ROLE}`,
  ...APPEND_ONLY.map((table) => `GRANT SELECT, INSERT ON indelible.${table} TO ${RUNTIME_ROLE}`),
  ...['logs', 'heads', 'key_sheets', 'key_rows'].map(
    (table) => `GRANT SELECT, INSERT, UPDATE ON indelible.${table} TO ${RUNTIME_ROLE}`,
  ),
  `GRANT ${RUNTIME_ROLE} TO CURRENT_USER`,
];

/** Two servers that start at once take turns: the number is an arbitrary constant of this product. */
const LOCK = 'SELECT pg_advisory_xact_lock(7310579364)';

const appliedVersion = async (query: Query): Promise<number> => {
  const [row] = await query('SELECT coalesce(max(version), 0)::integer AS version FROM indelible.versions');
  return Number(row?.['version'] ?? 0);
};

/**
 * Brings the tables to the newest version, inside the caller's transaction. Running it again changes nothing.
 * @throws StoreError `storage.blocked` if the database was written by a newer version of this software
 */
export const migrate = async (query: Query): Promise<void> => {
  await query(LOCK);
  await query('CREATE SCHEMA IF NOT EXISTS indelible');
  await query(
    `CREATE TABLE IF NOT EXISTS indelible.versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const applied = await appliedVersion(query);
  if (applied > STEPS.length) throw new StoreError('storage.blocked', { what: 'newer-tables', version: applied });
  for (const [at, step] of STEPS.entries()) {
    if (at < applied) continue;
    for (const statement of step) await query(statement);
    await query('INSERT INTO indelible.versions (version) VALUES ($1)', [at + 1]);
  }
};

/**
 * Makes the runtime role and gives it INSERT and SELECT, in a transaction of the caller. Gives false, and leaves the
 * transaction to be rolled back, where the connecting user may not do that.
 */
export const grantRuntimeRole = async (query: Query): Promise<void> => {
  await query(LOCK);
  const known = await query('SELECT 1 FROM pg_roles WHERE rolname = $1', [RUNTIME_ROLE]);
  if (known.length === 0) await query(`CREATE ROLE ${RUNTIME_ROLE} NOLOGIN`);
  for (const grant of GRANTS) await query(grant);
};

/** Migrates and takes on the runtime role for the session; says whether there is one. `transaction` runs as the owner. */
export const prepare = async (
  transaction: (work: (query: Query) => Promise<void>) => Promise<void>,
  session: Query,
): Promise<boolean> => {
  await transaction(migrate);
  try {
    await transaction(grantRuntimeRole);
    await session(`SET ROLE ${RUNTIME_ROLE}`);
    return true;
  } catch (error) {
    if (databaseError(error).code === 'storage.immutable') return false;
    throw error;
  }
};
