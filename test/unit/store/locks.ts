/** Web Locks and channels of one browser with several tabs, in memory: exclusive locks, in the order asked for. */

type Waiting = {
  readonly clientId: string;
  readonly work: (lock: Lock | null) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
};

type Held = { readonly clientId: string; readonly reject: (reason: unknown) => void };

export type FakeLocks = Pick<LockManager, 'request' | 'query'>;

type Line = {
  onmessage: ((message: MessageEvent) => unknown) | null;
  postMessage: (data: unknown) => void;
  close: () => void;
};

export type FakeBrowser = {
  /** The locks as one tab has them. */
  readonly locks: (clientId: string) => FakeLocks;
  /** A channel as one tab has it. A frozen tab hears nothing until it thaws. */
  readonly line: (clientId: string) => (name: string) => Line;
  readonly freeze: (clientId: string) => void;
  readonly thaw: (clientId: string) => void;
  /** Who holds a lock. */
  readonly holder: (name: string) => string | undefined;
};

const aborted = (): DOMException => new DOMException('', 'AbortError');

const lockTable = () => {
  const held = new Map<string, Held>();
  const queues = new Map<string, Waiting[]>();
  const queueOf = (name: string): Waiting[] => {
    const queue = queues.get(name) ?? [];
    queues.set(name, queue);
    return queue;
  };
  const grant = (name: string, { clientId, work, resolve, reject }: Waiting): void => {
    const mine: Held = { clientId, reject };
    held.set(name, mine);
    const end = () => {
      if (held.get(name) !== mine) return;
      held.delete(name);
      const next = queueOf(name).shift();
      if (next !== undefined) grant(name, next);
    };
    queueMicrotask(() => {
      Promise.resolve(work({ name, mode: 'exclusive' })).then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  };
  return { held, queueOf, grant };
};

export const fakeBrowser = (): FakeBrowser => {
  const { held, queueOf, grant } = lockTable();
  const lines = new Set<{ readonly name: string; readonly clientId: string; readonly hear: (data: unknown) => void }>();
  const frozen = new Map<string, (() => void)[]>();
  const request = (clientId: string, name: string, options: LockOptions, work: Waiting['work']): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(aborted());
      const waiting: Waiting = { clientId, work, resolve, reject };
      if (options.steal) {
        held.get(name)?.reject(aborted());
        return grant(name, waiting);
      }
      if (!held.has(name)) return grant(name, waiting);
      if (options.ifAvailable) return resolve(work(null));
      queueOf(name).push(waiting);
      signal?.addEventListener('abort', () => {
        const at = queueOf(name).indexOf(waiting);
        if (at < 0) return;
        queueOf(name).splice(at, 1);
        reject(aborted());
      });
    });
  const deliver = (clientId: string, task: () => void) => {
    const later = frozen.get(clientId);
    if (later === undefined) queueMicrotask(task);
    else later.push(task);
  };
  return {
    locks: (clientId) => ({
      request: ((name: string, options: LockOptions, work: Waiting['work']) =>
        request(clientId, name, options, work)) as FakeLocks['request'],
      query: async () => ({ held: [...held].map(([name, lock]) => ({ name, clientId: lock.clientId })) }),
    }),
    line: (clientId) => (name) => {
      const line: Line = {
        onmessage: null,
        postMessage: (data) => {
          for (const other of lines) if (other !== entry && other.name === name) other.hear(data);
        },
        close: () => void lines.delete(entry),
      };
      const entry = {
        name,
        clientId,
        hear: (data: unknown) =>
          deliver(clientId, () => {
            if (lines.has(entry)) line.onmessage?.(new MessageEvent('message', { data }));
          }),
      };
      lines.add(entry);
      return line;
    },
    freeze: (clientId) => void frozen.set(clientId, []),
    thaw: (clientId) => {
      const tasks = frozen.get(clientId) ?? [];
      frozen.delete(clientId);
      for (const task of tasks) task();
    },
    holder: (name) => held.get(name)?.clientId,
  };
};
