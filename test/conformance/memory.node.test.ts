/** The reference model. Nothing of it can fail or survive the process: the same adapter is the same place. */
import { memoryStorage } from '../../src/storage/memory.ts';
import { describeStorage } from './suite.ts';

describeStorage('memory', {
  durability: 'memory',
  faultKinds: [],
  makePlace: () => {
    const adapter = memoryStorage();
    return { adapter: () => adapter, remove: () => {} };
  },
});
