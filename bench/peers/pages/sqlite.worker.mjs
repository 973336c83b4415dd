/** SQLite in WebAssembly, its file in the origin private file system through a pool of access handles. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

const COLUMNS = ['seq', 'id', 'agg', 'ver', 'type', 'schema', 'device', 'user', 'role', 'at', 'reason', 'payload'];
const INSERT = `INSERT INTO events VALUES (${COLUMNS.map(() => '?').join(',')})`;
let pool;
let database;

const work = {
  open: async ({ name }) => {
    const sqlite3 = await sqlite3InitModule();
    pool = await sqlite3.installOpfsSAHPoolVfs({ name });
    database = new pool.OpfsSAHPoolDb('/events.db');
    database.exec(`CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, ${COLUMNS.slice(1).join(', ')});
      CREATE INDEX IF NOT EXISTS stream ON events (agg, ver)`);
  },
  append: ({ records }) => {
    database.transaction(() => {
      const insert = database.prepare(INSERT);
      for (const record of records) {
        insert.bind(COLUMNS.map((name) => (name === 'payload' ? JSON.stringify(record.payload) : record[name])));
        insert.stepReset();
      }
      insert.finalize();
    });
  },
  all: () => database.selectArrays('SELECT agg, payload FROM events ORDER BY seq'),
  newest: ({ agg }) => database.selectValue('SELECT max(ver) FROM events WHERE agg = ?', [agg]) ?? 0,
  close: async () => {
    database.close();
    await pool.pauseVfs();
  },
};

globalThis.onmessage = async ({ data }) => {
  try {
    globalThis.postMessage({ id: data.id, result: await work[data.ask](data) });
  } catch (error) {
    globalThis.postMessage({ id: data.id, error: String(error) });
  }
};
