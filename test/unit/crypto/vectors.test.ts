import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { headAfter } from '../../../src/core/commit.ts';
import { readBody } from '../../../src/core/envelope.ts';
import { hash32, publicKey32, replicaId, tenantId } from '../../../src/core/ids.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { fromBase64, toBase64, utf8 } from '../../../src/crypto/bytes.ts';
import { canonicalBytes, readCanonical } from '../../../src/crypto/canonical.ts';
import { contextHash, emptyHead, genesisLink, leafHash, linkHash, replicaIdOf } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import { openCheckpoint, openReceipt } from '../../../src/crypto/checkpoint.ts';
import { decodeCommit, encodeCommit } from '../../../src/crypto/commitBytes.ts';
import { readDataKey } from '../../../src/crypto/dataKey.ts';
import { openField } from '../../../src/crypto/fieldCipher.ts';
import { type Chain, checkInChain } from '../../../src/crypto/inChain.ts';
import { merkleRoot, verifyConsistency, verifyInclusion } from '../../../src/crypto/merkle.ts';
import { sha256 } from '../../../src/crypto/sha256.ts';
import { readNoteVerifier } from '../../../src/crypto/signedNote.ts';
import { build } from '../../vectors/build.ts';
import { at, codeOf, hex, unhex } from '../support.ts';

/** The bounds that the document states. */
const BOUNDS = [
  LIMITS.contextBytesMax,
  LIMITS.eventBytesMax,
  LIMITS.commitBytesMax,
  LIMITS.vectorEntriesMax,
  LIMITS.reasonLengthMax,
];
const FOLDER = new URL('../../vectors/v1/', import.meta.url);
const stored = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
type Vectors = Awaited<ReturnType<typeof build>>;
const made = await build();
/** What is made now, once it is known to be what the file holds. */
const frozen = <Name extends keyof Vectors>(name: Name): Vectors[Name] => {
  expect(stored(name)).toEqual(made[name]);
  return made[name];
};
const hashOf = (text: string) => hash32(unhex(text));

describe('the frozen vectors of format 1', () => {
  it.each(Object.entries(made))('are what is written today: %s [FMT-10]', (name, content) => {
    expect(stored(name)).toEqual(content);
  });

  it('are all known [FMT-10]', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(
      Object.keys(made)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });

  it('fix which JSON texts are read, and which are refused [FMT-10]', () => {
    const { accepted, refused } = frozen('canonical');
    for (const { text, bytes } of accepted) {
      expect(hex(utf8(text))).toBe(bytes);
      expect(hex(canonicalBytes(readCanonical(unhex(bytes))))).toBe(bytes);
    }
    for (const text of refused) expect(codeOf(() => readCanonical(utf8(text)))).toBe('canonical.malformed');
  });

  it('fix how protected values are sealed: each opens at its place under the key as written [FLD-01]', async () => {
    const { tenant, stream, event, type, key: written, keyId, sealed, bytes, punctured } = frozen('fields');
    const key = readDataKey(unhex(written));
    expect(key.id).toBe(keyId);
    for (const { path, value, payload } of sealed)
      expect(await openField(key, { tenant, stream, event, type, path }, payload)).toMatchObject({ value });
    const opened = await openField(key, { tenant, stream, event, type, path: bytes.path }, bytes.payload);
    expect(opened).toMatchObject({ value: unhex(bytes.hex) });
    const left = key.puncture([{ event, path: punctured.path }]).encode();
    expect(left).toHaveLength(punctured.bytes);
    expect(hex(sha256(left))).toBe(punctured.sha256);
  });

  it('fix the hash of each domain [FMT-10]', () => {
    const { replica, context, leaf, genesis, link } = frozen('hashes');
    expect(replicaIdOf(publicKey32(unhex(replica.publicKey)))).toBe(replica.replica);
    expect(hex(contextHash(utf8(context.bytes)))).toBe(context.hash);
    expect(hex(leafHash(hashOf(leaf.contextHash), utf8(leaf.event)))).toBe(leaf.hash);
    expect(hex(genesisLink(replicaId(genesis.replica), tenantId(genesis.tenant)))).toBe(genesis.link);
    expect(hex(linkHash(hashOf(link.previous), { ...link, root: hashOf(link.root) }))).toBe(link.link);
  });

  it.each(['commits', 'choices'] as const)(
    'fix a chain, which is sound and is written the same again: %s [FMT-10, CNF-14]',
    async (name) => {
      const { commits, tenant } = frozen(name);
      const replica = replicaId(at(commits, 0).replica);
      let chain: Chain = { replica, tenant, head: emptyHead(replica, tenant) };
      for (const vector of commits) {
        const bytes = fromBase64(vector.bytes);
        const check = await checkCommit(bytes);
        if (check.kind === 'faulty') throw new Error(check.fault.code);
        const { commit } = check;
        expect(checkInChain(chain, commit)).toBeUndefined();
        expect(toBase64(encodeCommit(decodeCommit(bytes)))).toBe(vector.bytes);
        expect(commit.events).toEqual(vector.events.map((text) => JSON.parse(text)));
        expect(commit.context).toEqual(JSON.parse(vector.context));
        expect([hex(commit.root), hex(commit.link)]).toEqual([vector.root, vector.link]);
        vector.paths.forEach((path, position) => {
          const leaf = hashOf(at(vector.leaves, position));
          verifyInclusion({ leaf, position, size: vector.count, path: path.map(hashOf), root: commit.root });
        });
        chain = { ...chain, head: headAfter(commit) };
      }
    },
  );

  it('fix which choices of a resolution are refused [FMT-10, CNF-14]', () => {
    const { commits, refused } = frozen('choices');
    const body: object = JSON.parse(at(at(commits, 0).events, 0));
    expect(codeOf(() => readBody(body))).toBeUndefined();
    for (const choices of refused) expect(codeOf(() => readBody({ ...body, choices }))).toBe('commit.malformed');
  });

  it('fix roots and proofs of small trees [FMT-10]', () => {
    const { leaves, roots, inclusion, consistency } = frozen('merkle');
    const tree = leaves.map(hashOf);
    const headOf = (size: number) => ({ size, root: hashOf(at(roots, size)) });
    roots.forEach((root, size) => {
      expect(hex(merkleRoot(tree.slice(0, size)))).toBe(root);
    });
    for (const { position, size, path } of inclusion) {
      verifyInclusion({ leaf: at(tree, position), position, ...headOf(size), path: path.map(hashOf) });
    }
    for (const { older, newer, proof } of consistency) {
      verifyConsistency(headOf(older), headOf(newer), proof.map(hashOf));
    }
  });

  it('fix a checkpoint and a receipt with their verifier key [FMT-10]', async () => {
    const { verifier, checkpoint, receipt } = frozen('notes');
    const key = readNoteVerifier(verifier);
    const { note: signed, root, ...head } = checkpoint;
    expect(await openCheckpoint(signed, key)).toEqual({ ...head, root: hashOf(root) });
    const { note, ...held } = receipt;
    const expected = { ...held, root: hashOf(held.root), link: hashOf(held.link) };
    expect(await openReceipt(note, key)).toEqual(expected);
  });

  it('are what the document takes apart, part by part [FMT-10]', () => {
    const page = readFileSync(new URL('../../../docs/data-format.md', import.meta.url), 'utf8');
    const [commit] = frozen('commits').commits;
    const { receipt } = frozen('notes');
    const short = (text: string): string => `${text.slice(0, 8)}…${text.slice(-8)}`;
    const whole = [commit?.context ?? '-', ...(commit?.events ?? ['-']), receipt.note, `${commit?.length} bytes`];
    const {
      publicKey = '',
      previous = '',
      root = '',
      signature = '',
      contextHash: context = '',
      link = '',
    } = commit ?? {};
    const shortened = [publicKey, previous, root, signature, context, link].map(short);
    for (const part of [...whole, ...shortened]) expect(page).toContain(part);
    for (const bound of BOUNDS) expect(page).toContain(bound.toLocaleString('en'));
  });
});
