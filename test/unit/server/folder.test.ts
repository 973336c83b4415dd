import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noteVerifierText } from '../../../src/crypto/signedNote.ts';
import { sign } from '../../../src/crypto/signer.ts';
import { lockFolder, makeFolder } from '../../../src/server/folder.ts';
import { loadSigningKey } from '../../../src/server/signingKey.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

const locked = { code: 'storage.blocked', details: { what: 'data-locked' } };

it('gives the data folder to one server at a time [SRV-07]', async () => {
  const release = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject(locked);
  await release();
  await (await lockFolder(folder))();
  expect(await readdir(folder)).toEqual([]);
});

it('takes the folder over from a holder that is gone, and from a lock that says nothing [SRV-07]', async () => {
  const child = spawn(process.execPath, ['-e', '0']);
  await new Promise((resolve) => child.once('exit', resolve));
  const gone = { pid: child.pid, started: '', nonce: 'x' };
  const reused = { pid: process.pid, started: 'another start', nonce: 'x' };
  for (const stale of [JSON.stringify(gone), JSON.stringify(reused), 'torn {', '', '{"pid":"1"}']) {
    await writeFile(join(folder, 'server.lock'), stale);
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(locked);
    await release();
  }
  expect(await readdir(folder)).toEqual([]);
});

it('lets exactly one of many that come at once have a folder with a stale lock [SRV-07]', async () => {
  for (let round = 0; round < 10; round++) {
    await writeFile(join(folder, 'server.lock'), 'stale');
    const taken = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    const held = taken.filter((each) => each.status === 'fulfilled');
    expect(held.length).toBe(1);
    for (const { value } of held) await value();
  }
});

it('says when the data folder cannot be made or written to [SRV-05]', async () => {
  await writeFile(join(folder, 'file'), '');
  for (const path of [join(folder, 'file'), join(folder, 'file', 'below'), '/proc/indelible/data']) {
    const refused = { code: 'storage.failed', details: { what: 'data-folder' } };
    await expect(makeFolder(path)).rejects.toMatchObject(refused);
  }
  await rm(join(folder, 'file'));
});

it('makes one signing key for its owner alone, keeps it, and never exports it [SRV-04]', async () => {
  const own = await makeFolder(join(folder, 'keys', 'below'));
  const keys = await Promise.all(Array.from({ length: 6 }, () => loadSigningKey(own)));
  const texts = new Set(keys.map(({ publicKey }) => noteVerifierText({ name: 'a', publicKey })));
  expect(texts.size).toBe(1);
  expect(await readdir(own)).toEqual(['server-key.pem']);
  const { mode } = await stat(join(own, 'server-key.pem'));
  expect((mode & 0o777).toString(8)).toBe('600');
  const [key] = keys;
  if (key === undefined) throw new Error('a key');
  expect(key.privateKey.extractable).toBe(false);
  expect((await sign(key, new Uint8Array(3))).length).toBe(64);
});

it('refuses a damaged key file, and leaves it as it is [SRV-04]', async () => {
  const own = await makeFolder(join(folder, 'damaged'));
  for (const text of [
    '',
    'not a key',
    ['BEGIN', 'END'].map((word) => `-----${word} PRIVATE KEY-----\n`).join('AAAA\n'),
  ]) {
    await writeFile(join(own, 'server-key.pem'), text);
    await expect(loadSigningKey(own)).rejects.toMatchObject({ code: 'key.malformed', details: { what: 'key-file' } });
    expect(await readFile(join(own, 'server-key.pem'), 'utf8')).toBe(text);
  }
});
