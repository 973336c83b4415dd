/** For a page: makes a database of the first released layout, and brings it to the present one. */
import { dexieStorage } from '../../src/storage/dexie/index.ts';
import type { EventStorage } from '../../src/storage/port.ts';
import { directoryOf } from '../../src/streams/packedKeys.ts';
import { type Archive, commitsIn, load } from './archive.ts';
import layout1 from './layout-1.json' with { type: 'json' };

const FIRST: Archive = layout1;

/** Commits of the archive as base64, in order: what has to be there after any number of upgrades and kills. */
export const firstCommits = (): readonly string[] => commitsIn(FIRST);

/** Makes the database as the first release left it. */
export const makeFirstLayout = (name: string): Promise<void> => load(FIRST, name, indexedDB);

/** Opens it with the present code, which upgrades it, then packs in small steps until nothing is left to pack. */
export const upgradeAndPack = async (name: string, onStep: (step: string) => void): Promise<EventStorage> => {
  onStep('opening');
  const storage = await dexieStorage().open(name);
  onStep('upgraded');
  for (;;) {
    const { segments, packedTo } = await storage.pack({ bytesMax: 1, keysOf: directoryOf() });
    onStep(`packed to ${packedTo}`);
    if (segments === 0) return storage;
  }
};
