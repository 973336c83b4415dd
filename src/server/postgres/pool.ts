/** PostgreSQL by `DATABASE_URL`: a pool of connections, each in the runtime role and with durable commits. */
import pg from 'pg';
import { StoreError } from '../../core/errors.ts';
import { type Database, databaseError, type Query, translated } from './database.ts';
import { prepare, RUNTIME_ROLE } from './schema.ts';

const CONNECT_MS_MAX = 5_000;
const CONNECTIONS_MAX = 10;
/** `off` would acknowledge what a crash can take back; stricter settings than `on` are left alone. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;

const queryOf =
  (client: pg.ClientBase | pg.Pool): Query =>
  (text, parameters = []) =>
    translated(async () => (await client.query<Record<string, unknown>>(text, [...parameters])).rows);

/** Runs `work` between BEGIN and COMMIT on one connection. */
const within = async <T>(query: Query, work: (query: Query) => Promise<T>): Promise<T> => {
  await query('BEGIN');
  try {
    const result = await work(query);
    await query('COMMIT');
    return result;
  } catch (error) {
    await query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const prepareOnce = async (connectionString: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    const { state = 'unknown' } = databaseError(error).details;
    throw new StoreError('storage.failed', { what: 'database-unreachable', state });
  }
  try {
    const query = queryOf(client);
    return await prepare((work) => within(query, work), query);
  } finally {
    await client.end();
  }
};

/** @throws StoreError `storage.failed` with `what: database-unreachable` */
export const openPool = async (connectionString: string): Promise<Database> => {
  const hasRuntimeRole = await prepareOnce(connectionString);
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    onConnect: async (client) => {
      await client.query(DURABLE);
      if (hasRuntimeRole) await client.query(`SET ROLE ${RUNTIME_ROLE}`);
    },
  });
  // An idle connection that the server closed is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  return {
    kind: 'postgresql',
    hasRuntimeRole,
    query: queryOf(pool),
    transaction: async (work) => {
      const client = await translated(() => pool.connect());
      let broken = false;
      const heard = () => {
        broken = true;
      };
      client.on('error', heard);
      try {
        return await within(queryOf(client), work);
      } finally {
        client.off('error', heard);
        client.release(broken);
      }
    },
    close: () => translated(() => pool.end()),
  };
};
