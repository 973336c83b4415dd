/** Where it is remembered that a database exists: in local storage at once, and in a file that outlives a browser that is killed. */
import { expect, it } from 'vitest';
import { deviceMarker, markerKey } from '../../../src/store/storageFacts.ts';

/** An engine without files of a site's own that are written from a page has local storage alone. */
const writesFiles = 'createWritable' in (globalThis.FileSystemFileHandle?.prototype ?? {});

const name = `marker-${crypto.randomUUID()}`;
const texts = ['{"size":1}', '{"size":22}'] as const;

const untilRead = async (read: () => Promise<string | undefined>, text: string): Promise<string | undefined> => {
  for (;;) {
    const found = await read();
    if (found === text) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

it('a marker is read from local storage, and from its file where that is empty [REC-10]', async () => {
  const marker = deviceMarker(name);
  expect(await marker.read()).toBeUndefined();
  for (const text of texts) await marker.write(text);
  expect(await marker.read()).toBe(texts[1]);
  localStorage.removeItem(markerKey(name));
  if (writesFiles) expect(await untilRead(marker.read, texts[1])).toBe(texts[1]);
  else expect(await marker.read()).toBeUndefined();
  expect(await deviceMarker(`${name}-other`).read()).toBeUndefined();
});
