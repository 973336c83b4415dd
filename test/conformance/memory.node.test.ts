/** The reference model. Nothing of it can fail or survive the process: the same adapter is the same place. */
import { memoryStorage } from '../../src/storage/memory.ts';
import { describeEventStorage } from './eventStorage.suite.ts';

describeEventStorage('memory', {
  durability: 'memory',
  modelRuns: 50,
  makePlace: () => {
    const adapter = memoryStorage();
    return { adapter: () => adapter, remove: async () => {} };
  },
});
