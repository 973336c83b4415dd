/** An editor's side of the language server protocol, over the compiler's own server: opens a file, asks what completes it. */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { commandOf } from '../../scripts/command.mjs';

const HEAD_END = '\r\n\r\n';

/** Messages out of a stream of bytes. */
const reader = (take) => {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const end = held.indexOf(HEAD_END);
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(held.subarray(0, end).toString())?.[1]);
      const from = end + HEAD_END.length;
      if (held.length < from + length) return;
      take(JSON.parse(held.subarray(from, from + length).toString()));
      held = held.subarray(from + length);
    }
  };
};

/** Starts the server in a folder. @throws Error what the server answers instead of a result */
export const openEditor = async (folder) => {
  const server = spawn(process.execPath, [commandOf('typescript', 'tsc'), '--lsp', '--stdio'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = new Map();
  let ids = 0;
  const write = (message) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    server.stdin.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}${HEAD_END}`), body]));
  };
  server.stdout.on(
    'data',
    reader(({ id, method, result, error }) => {
      if (method !== undefined) return id === undefined ? undefined : write({ id, result: null }); // it asks the editor something
      const { resolve, reject } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error === undefined) resolve?.(result);
      else reject?.(new Error(error.message));
    }),
  );
  const ask = (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set(++ids, { resolve, reject });
      write({ id: ids, method, params });
    });
  const tell = (method, params) => write({ method, params });
  await ask('initialize', { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} });
  tell('initialized', {});
  let version = 0;
  return {
    open: (path, text) => {
      const textDocument = { uri: pathToFileURL(path).href, languageId: 'typescript', version: ++version };
      tell('textDocument/didOpen', { textDocument: { ...textDocument, text } });
    },
    change: (path, text) => {
      const textDocument = { uri: pathToFileURL(path).href, version: ++version };
      tell('textDocument/didChange', { textDocument, contentChanges: [{ text }] });
    },
    /** Labels of what may stand at a place; `place`: offset in `text`. */
    completions: async (path, text, place) => {
      const before = text.slice(0, place).split('\n');
      const position = { line: before.length - 1, character: before.at(-1).length };
      const found = await ask('textDocument/completion', { textDocument: { uri: pathToFileURL(path).href }, position });
      return (Array.isArray(found) ? found : (found?.items ?? [])).map(({ label }) => label);
    },
    close: async () => {
      await ask('shutdown');
      tell('exit');
      server.stdin.end();
      await new Promise((resolve) => server.once('close', resolve));
    },
  };
};
