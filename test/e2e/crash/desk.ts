/** The test's side of the conversation: serves the page on the loopback interface and hears what it tells. */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { isStoreError, memoryStorage, openStore } from '../../../src/index.ts';
import { simulatedNetwork, simulatedServer } from '../../../src/testing/index.ts';
import type { Message, Task } from './messages.ts';
import { currentActor, Note, noteOf, TENANT } from './note.ts';

const HTML =
  '<!doctype html><meta charset="utf-8"><title>crash</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
const SENT_BY_THE_OTHER = 5;

export type Desk = {
  readonly addressOf: (task: Task) => string;
  /** Hears the messages of one page; those of an earlier one that come late are nobody's. */
  readonly listen: (run: number, listener: (message: Message) => void) => void;
  /** Tags of every event that the server has a copy of. */
  readonly synced: () => ReadonlySet<string>;
  readonly close: () => Promise<void>;
};

/** A server that outlives every kill, and another device that sends to it when it is asked to. */
const makeSyncing = async () => {
  const server = await simulatedServer({ tenant: TENANT });
  const other = await openStore({
    name: 'other',
    tenant: TENANT,
    aggregates: [Note],
    actor: currentActor,
    storage: memoryStorage(),
    upkeep: 'manual',
  });
  const transport = simulatedNetwork(server);
  const sync = other.sync({ url: '', transport, network: 'online', intervalMs: 3_600_000 });
  const synced = new Set<string>();
  let sent = 0;
  other.committed$.subscribe(({ events }) => {
    for (const { body } of events) synced.add(String(body.payload['tag']));
  });
  const more = async (): Promise<void> => {
    const tags = Array.from({ length: SENT_BY_THE_OTHER }, () => `other.${++sent}`);
    await other.appendAll(
      Note,
      tags.map((tag, at) => noteOf(`other-${at}`, tag)),
    );
    await sync.now();
  };
  return { server, more, synced: () => synced, close: () => other.close() };
};
type Syncing = Awaited<ReturnType<typeof makeSyncing>>;

type Answer = { readonly status: number; readonly type: string; readonly body: string };
const answerOf = (body: string, type = 'text/html', status = 200): Answer => ({ status, type, body });

const syncAnswer = async ({ server }: Syncing, body: string): Promise<Answer> => {
  try {
    return answerOf(await server.answer(JSON.parse(body)), 'application/json');
  } catch (error) {
    return answerOf(isStoreError(error) ? error.code : 'failed', 'text/plain', 500);
  }
};

/** Opens a desk; `script` is the page's. */
export const openDesk = async (script: string): Promise<Desk> => {
  const syncing = await makeSyncing();
  let listener: { readonly run: number; readonly hear: (message: Message) => void } | undefined;
  const answer = async (request: IncomingMessage): Promise<Answer | 'never'> => {
    const body = request.method === 'POST' ? await text(request) : '';
    if (request.url === '/page.js') return answerOf(script, 'text/javascript');
    if (request.url === '/sync') return syncAnswer(syncing, body);
    if (request.url === '/more') return syncing.more().then(() => answerOf(''));
    if (!request.url?.startsWith('/message/')) return answerOf(HTML);
    const message: Message = JSON.parse(body);
    if (listener !== undefined && request.url === `/message/${listener.run}`) listener.hear(message);
    return message.kind === 'stopped' ? 'never' : answerOf('');
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (given) => {
        if (given === 'never') return; // whoever asked is to be killed where it stands
        response.writeHead(given.status, { 'content-type': given.type, 'cache-control': 'no-store' });
        response.end(given.body);
      },
      () => response.destroy(), // the page was killed in the middle of its question
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    addressOf: (task) => {
      const given = Object.entries(task).map(([name, value]) => [name, String(value)]);
      return `http://127.0.0.1:${port}/?${new URLSearchParams(given)}`;
    },
    listen: (run, hear) => {
      listener = { run, hear };
    },
    synced: syncing.synced,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await syncing.close();
    },
  };
};
