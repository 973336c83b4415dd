/**
 * The work that every peer does, in a page of its own. A peer is `open(name)`, which gives, over a database that may hold events already:
 *
 *   append(records)            resolves when they are as durable as the peer makes them by default
 *   states(fold)               calls `fold(agg, item, value)` for every event held, aggregate by aggregate in order
 *   follow(agg, callback)      calls back with the newest version of one aggregate, each time that it changes
 *   close()
 */
import { AGGREGATES, recordOf, series } from '../../page/event.ts';

const medianOf = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? null;

/** Appends until `count` are there or the time is over: events per second, and the median time of one append. */
const append =
  (open) =>
  async ({ name, count, size, limitMs }) => {
    const peer = await open(name);
    const records = series(recordOf, count);
    const times = [];
    const startedAt = performance.now();
    let done = 0;
    while (done < count && performance.now() - startedAt < limitMs) {
      const from = performance.now();
      await peer.append(records.slice(done, done + size));
      times.push(performance.now() - from);
      done += Math.min(size, count - done);
    }
    const took = performance.now() - startedAt;
    await peer.close();
    return { events: done, cut: done < count, rate: (1_000 * done) / took, p50: medianOf(times) };
  };

/** Fills a database for the rows that read, by 1,000, as far as the time allows. */
const fill =
  (open) =>
  async ({ name, count, limitMs }) => {
    const peer = await open(name);
    const startedAt = performance.now();
    let done = 0;
    for (; done < count && performance.now() - startedAt < limitMs; done += 1_000) {
      await peer.append(series(recordOf, 1_000, done));
    }
    await peer.close();
    return done;
  };

/** From nothing to the current state of every aggregate, in a page that has not opened the database before. */
const reopen =
  (open) =>
  async ({ name, count }) => {
    const startedAt = performance.now();
    const peer = await open(name);
    const states = new Map();
    let folded = 0;
    await peer.states((agg, item, value, events = 1) => {
      const state = states.get(agg) ?? { recorded: 0, items: {} };
      state.recorded += events;
      if (item !== undefined) state.items[item] = value;
      states.set(agg, state);
      folded += events;
    });
    const took = performance.now() - startedAt;
    await peer.close();
    if (folded !== count || states.size !== AGGREGATES)
      throw new Error(`${folded} events of ${states.size} aggregates`);
    return took;
  };

const SUBSCRIBERS = 100;

/** From a call to the callback of the one subscriber that it concerns, and to its own promise; and how often others were called. */
const follow =
  (open) =>
  async ({ name, count, limitMs }) => {
    const peer = await open(name);
    const base = series(recordOf, AGGREGATES);
    await peer.append(base);
    const seen = new Map();
    let calls = 0;
    const stops = base.slice(0, SUBSCRIBERS).map(({ agg }) =>
      peer.follow(agg, (version) => {
        calls += 1;
        seen.get(agg)?.(version);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    calls = 0;
    const [called, durable] = [[], []];
    const startedAt = performance.now();
    let at = 0;
    for (; at < count && performance.now() - startedAt < limitMs; at++) {
      const record = recordOf(AGGREGATES + Math.floor(at / SUBSCRIBERS) * AGGREGATES + (at % SUBSCRIBERS));
      const from = performance.now();
      const callback = new Promise((resolve) => {
        seen.set(record.agg, (version) => {
          if (version >= record.ver) resolve(performance.now() - from);
        });
      });
      const stored = peer.append([record]).then(() => performance.now() - from);
      called.push(await callback);
      durable.push(await stored);
      seen.delete(record.agg);
    }
    for (const stop of await Promise.all(stops)) await stop();
    await peer.close();
    return { n: at, callback: medianOf(called), durable: medianOf(durable), calls: calls / at };
  };

/** Gives the page's calls to the script that drives it. */
export const offer = (open) => {
  globalThis.bench = { append: append(open), fill: fill(open), reopen: reopen(open), follow: follow(open) };
};

/** For a peer that has no subscriptions: subscribers by aggregate, called after a write with what a query of it says. */
export const callbacks = (newest) => {
  const byAggregate = new Map();
  return {
    follow: (agg, callback) => {
      byAggregate.set(agg, callback);
      return () => byAggregate.delete(agg);
    },
    written: async (records) => {
      for (const agg of new Set(records.map((record) => record.agg))) {
        const callback = byAggregate.get(agg);
        if (callback) callback(await newest(agg));
      }
    },
  };
};
