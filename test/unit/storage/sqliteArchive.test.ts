/** Databases that released layouts wrote: each opens for ever, whole, and is written on. */
import { createHash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { directoryKey } from '../../../src/core/ids.ts';
import { position, size } from '../../../src/core/position.ts';
import { sign, verifySignature } from '../../../src/crypto/signer.ts';
import type { EventStorage } from '../../../src/storage/port.ts';
import { verifyLog } from '../../../src/testing/conformance/sealed.ts';
import { fileIn, fill, makeFolder, openIn } from './sqliteWorld.ts';

const LAYOUT_1 = fileURLToPath(new URL('../../archives/sqlite/layout-1.db', import.meta.url));
const REPLICA = '998af0266804cbcc80afa98f5613a1aa';
const DIGEST = '4ce9ab16f350b3aea508f6fe58f146fde5de4ebd9014a8cd9b3d06fba9108f99';

const digestOf = async (storage: EventStorage): Promise<string> => {
  const hash = createHash('sha256');
  const records = await storage.read(position(0), Number.MAX_SAFE_INTEGER);
  for (const { bytes } of records.flatMap(({ commits }) => commits)) hash.update(bytes);
  return hash.digest('hex');
};

it('a database of layout 1 opens whole, with its identity, and is written, packed and opened on [REC-15]', async () => {
  const folder = makeFolder();
  copyFileSync(LAYOUT_1, fileIn(folder));
  const storage = await openIn(folder);
  expect(await digestOf(storage)).toBe(DIGEST);
  expect(await verifyLog(storage)).toBe(8);
  expect(await storage.packedTo()).toBe(5);
  expect(await storage.find(directoryKey(7))).toEqual([0]);
  expect(await storage.find(directoryKey(2 ** 48 - 1))).toEqual([0]);
  expect(await storage.readMarks()).toEqual({ cursor: 8, receipt: { size: 8, time: '2026-11-23T00:00:00.000Z' } });
  expect(await storage.readSnapshot('view')).toEqual(Uint8Array.of(4, 5, 6));
  expect(await storage.readFindings()).toEqual([
    {
      finding: { identity: 'chain.gap:1', foundAt: '2026-11-23T00:00:00.000Z', code: 'chain.gap', sequence: 2 },
      evidence: Uint8Array.of(1, 2, 3),
    },
  ]);

  const identity = await storage.readIdentity();
  if (identity === undefined) throw new Error('the archive holds an identity');
  expect(identity.replica).toBe(REPLICA);
  expect(identity.key.privateKey.extractable).toBe(false);
  const message = new TextEncoder().encode('written on');
  expect(await verifySignature(identity.key.publicKey, await sign(identity.key, message), message)).toBe(true);

  await fill(
    storage,
    Array.from({ length: 12 }, () => 12_000),
  );
  const packed = await storage.pack({ bytesMax: Number.MAX_SAFE_INTEGER, keysOf: () => [directoryKey(7)] });
  expect(packed.segments).toBeGreaterThan(0);
  await storage.close();
  const again = await openIn(folder);
  expect(await verifyLog(again)).toBe(20);
  expect(await again.size()).toBe(size(20));
});
