/** Records a CPU profile of a page during one call, and sums it up: time in each function itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const nameOf = ({ functionName, lineNumber }) => `${functionName || '(anonymous)'}:${lineNumber + 1}`;

const selfTimes = ({ nodes, samples, timeDeltas }) => {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map();
  samples.forEach((id, at) => {
    const name = names.get(id);
    times.set(name, (times.get(name) ?? 0) + timeDeltas[at] / 1_000);
  });
  return [...times].sort(([, a], [, b]) => b - a);
};

/** Watches a page for `openBrowser().call`: writes the profile into `folder` and prints the functions that took longest. */
export const profiler =
  (folder, name, shown = 45) =>
  async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Profiler.enable');
    await session.send('Profiler.setSamplingInterval', { interval: 100 });
    await session.send('Profiler.start');
    return async () => {
      const { profile } = await session.send('Profiler.stop');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
      const times = selfTimes(profile);
      const total = times.reduce((sum, [, ms]) => sum + ms, 0);
      console.error(`\n${name}: ${total.toFixed(0)} ms`);
      for (const [where, ms] of times.slice(0, shown)) {
        console.error(`${ms.toFixed(1).padStart(9)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} %  ${where}`);
      }
    };
  };
