/**
 * Evaluates in the page of a MiniBrowser through WebKit's remote inspector, the one way into it that does not take its disk
 * away. The protocol is WebKit's own: messages to a page travel inside messages to the Target domain. A page that navigates
 * to another process gets a new target: the newest is always the one that is asked.
 */
import WebSocket from 'ws';
import { eventually } from './programs.mjs';

const firstPage = async (port) => {
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  return /\/socket\/\d+\/\d+\/WebPage/.exec(text)?.[0];
};

export const connectInspector = async (port) => {
  const path = await eventually('a page to inspect', () => firstPage(port));
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const waiting = new Map();
  const targets = [];
  let last = 0;

  const failAll = () => {
    for (const { reject } of waiting.values()) reject(new Error('the page went away'));
    waiting.clear();
  };
  const hear = {
    'Target.targetCreated': ({ targetInfo }) => targets.push(targetInfo.targetId),
    'Target.didCommitProvisionalTarget': ({ newTargetId }) => targets.push(newTargetId),
    'Target.targetDestroyed': ({ targetId }) => targets.splice(targets.indexOf(targetId), 1),
    'Target.dispatchMessageFromTarget': ({ message }) => {
      const { id, result, error } = JSON.parse(message);
      const asked = waiting.get(id);
      if (!asked) return;
      waiting.delete(id);
      if (error) asked.reject(new Error(error.message));
      else asked.resolve(result);
    },
  };
  socket.on('message', (data) => {
    const { method, params } = JSON.parse(String(data));
    hear[method]?.(params);
  });
  socket.on('close', failAll);
  socket.on('error', failAll);
  await eventually('the inspected page', () => targets.length > 0);

  const send = (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      const message = JSON.stringify({ id, method, params });
      socket.send(
        JSON.stringify({
          id: ++last,
          method: 'Target.sendMessageToTarget',
          params: { targetId: targets.at(-1), message },
        }),
      );
    });

  const valueIn = ({ result, wasThrown }) => {
    if (wasThrown) throw new Error(result.description ?? String(result.value));
    return result.value;
  };

  return {
    /** The value of an expression, waited for when it is a promise; what cannot be written as JSON does not come over. */
    evaluate: async (expression) => {
      const answer = await send('Runtime.evaluate', { expression: `(async () => (${expression}))()` });
      if (answer.wasThrown) return valueIn(answer);
      return valueIn(
        await send('Runtime.awaitPromise', { promiseObjectId: answer.result.objectId, returnByValue: true }),
      );
    },
    /** Loads the page again; resolves when the browser has been told, not when the page is there. */
    reload: () => send('Page.reload', {}),
    close: () => socket.terminate(),
  };
};
