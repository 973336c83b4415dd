import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import type { Commit, Fault } from '../../../src/core/commit.ts';
import { headAfter } from '../../../src/core/commit.ts';
import { hash32, tenantId } from '../../../src/core/ids.ts';
import { contextHash, emptyHead, genesisLink, leafHash, linkHash, replicaIdOf } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import { type Chain, checkContinues, checkInChain } from '../../../src/crypto/inChain.ts';
import { at, chainOf, commitAfter, hex, KEY_A, KEY_B, TENANT } from '../../unit/support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const COUNTS = [1, 3, 2, 1, 4, 1];
const CHAIN = await chainOf(KEY_A, COUNTS);
const FOREIGN = await chainOf(KEY_B, COUNTS);
/** The same replica's other history, as a cloned database would write it. */
const CLONED = await chainOf(KEY_A, COUNTS, { branch: 1 });
const PLACES = CHAIN.map((_, place) => place);
const start: Chain = { replica: REPLICA, tenant: TENANT, head: emptyHead(REPLICA, TENANT) };
const firstOf = (place: number): number => at(CHAIN, place).first;

/** The first fault of a run of commits, each checked by itself and against the chain before it. */
const firstFault = async (commits: readonly Commit[]): Promise<Fault | undefined> => {
  let chain = start;
  for (const { bytes } of commits) {
    const check = await checkCommit(bytes, chain.head.sequence + 1);
    if (check.kind === 'faulty') return check.fault;
    const fault = checkInChain(chain, check.commit);
    if (fault !== undefined) return fault;
    chain = { ...chain, head: headAfter(check.commit) };
  }
  return undefined;
};

describe('a chain of commits', () => {
  it('continues from its first commit to its last, without a fault [FMT-05]', async () => {
    expect(await firstFault(CHAIN)).toBeUndefined();
    expect(headAfter(at(CHAIN, -1)).sequence).toBe(12);
  });

  it('misses a deleted commit at its first event, unless it was the last [FMT-08]', async () => {
    for (const place of PLACES.slice(0, -1)) {
      const found = { code: 'chain.gap', sequence: firstOf(place) };
      expect(await firstFault(CHAIN.toSpliced(place, 1))).toMatchObject(found);
    }
    expect(await firstFault(CHAIN.slice(0, -1))).toBeUndefined();
  });

  it('misses the earlier of two swapped commits at its first event [FMT-08]', async () => {
    for (const place of PLACES) {
      for (const other of PLACES.slice(place + 1)) {
        const swapped = CHAIN.with(place, at(CHAIN, other)).with(other, at(CHAIN, place));
        expect(await firstFault(swapped)).toMatchObject({ code: 'chain.gap', sequence: firstOf(place) });
      }
    }
  });

  it('finds a repeated commit at the place that it claims again [FMT-08]', async () => {
    for (const place of PLACES) {
      for (const later of PLACES.slice(place)) {
        const repeated = CHAIN.toSpliced(later + 1, 0, at(CHAIN, place));
        expect(await firstFault(repeated)).toMatchObject({ code: 'chain.fork', sequence: firstOf(place) });
      }
    }
  });

  it('finds a commit of another replica at the place where it was put [FMT-08]', async () => {
    for (const place of PLACES) {
      for (const foreign of FOREIGN) {
        const found = { code: 'chain.link-mismatch', sequence: firstOf(place) };
        expect(await firstFault(CHAIN.with(place, foreign))).toMatchObject(found);
        expect(await firstFault(CHAIN.toSpliced(place, 0, foreign))).toMatchObject(found);
      }
    }
  });

  it("finds a commit of the replica's own clone: at once in its place, else as a gap or fork [FMT-08]", async () => {
    for (const place of PLACES.slice(1)) {
      for (const [other, cloned] of CLONED.entries()) {
        const fault = await firstFault(CHAIN.toSpliced(place, 0, cloned));
        if (other > place) expect(fault).toMatchObject({ code: 'chain.gap', sequence: firstOf(place) });
        if (other === place) expect(fault).toMatchObject({ code: 'chain.link-mismatch', sequence: firstOf(place) });
        if (other < place) expect(fault).toMatchObject({ code: 'chain.fork', sequence: firstOf(other) });
      }
    }
  });

  it('does not take a commit that another replica signed to fit its head [FMT-08]', async () => {
    for (const place of PLACES.slice(1)) {
      const head = headAfter(at(CHAIN, place - 1));
      const fitted = await commitAfter(KEY_B, head, 1);
      expect((await checkCommit(fitted.bytes)).kind).toBe('sound');
      expect(checkContinues(head, fitted)).toBeUndefined();
      const found = { code: 'chain.link-mismatch', what: 'replica', sequence: firstOf(place) };
      expect(await firstFault(CHAIN.toSpliced(place, 0, fitted))).toMatchObject(found);
    }
  });

  it('does not take a commit that its own replica wrote for another tenant [FMT-08]', async () => {
    const tenant = tenantId('other');
    const head = headAfter(at(CHAIN, 0));
    const moved = await commitAfter(KEY_A, head, 1, { context: { tenant } });
    expect(await firstFault(CHAIN.toSpliced(1, 0, moved))).toMatchObject({ code: 'sync.wrong-tenant', sequence: 2 });
    const [first] = await chainOf(KEY_A, [1], { context: { tenant } });
    expect(first && checkContinues(start.head, first)).toMatchObject({ code: 'chain.link-mismatch', sequence: 1 });
  });

  it('does not start with a gap or with the link of another replica [FMT-08]', async () => {
    expect(await firstFault(CHAIN.slice(1))).toMatchObject({ code: 'chain.gap', sequence: 1 });
    const strange = await commitAfter(KEY_A, emptyHead(replicaIdOf(KEY_B.publicKey), TENANT), 1);
    expect(await firstFault([strange])).toMatchObject({ code: 'chain.link-mismatch', sequence: 1 });
  });
});

describe('the link', () => {
  const previous = hash32(sha256(Uint8Array.of(1)));
  const root = hash32(sha256(Uint8Array.of(2)));

  it('covers previous link, first sequence, count and root [FMT-05]', () => {
    const links = [
      linkHash(previous, { first: 1, count: 1, root }),
      linkHash(root, { first: 1, count: 1, root }),
      linkHash(previous, { first: 2, count: 1, root }),
      linkHash(previous, { first: 2 ** 32 + 1, count: 1, root }),
      linkHash(previous, { first: 1, count: 2, root }),
      linkHash(previous, { first: 1, count: 1, root: previous }),
    ];
    expect(new Set(links.map(hex)).size).toBe(links.length);
  });

  it('is the hash that is documented, of bytes joined by hand [FMT-05]', () => {
    const domain = Buffer.from('indelible/v1/link\0');
    const input = Buffer.concat([domain, previous, Buffer.from('000000000000012c0007', 'hex'), root]);
    expect(hex(linkHash(previous, { first: 300, count: 7, root }))).toBe(hex(sha256(input)));
  });

  it('begins differently for each replica and each tenant [FMT-05]', () => {
    const other = replicaIdOf(KEY_B.publicKey);
    const starts = [REPLICA, other].flatMap((replica) =>
      ['a', 'b'].map((name) => genesisLink(replica, tenantId(name))),
    );
    expect(new Set(starts.map(hex)).size).toBe(4);
  });
});

describe('the leaf hash', () => {
  it('covers the context and the event bytes, and is an RFC 6962 leaf over both [FMT-05]', () => {
    const context = contextHash(Buffer.from('{"a":1}'));
    const event = Buffer.from('{"b":2}');
    expect(hex(leafHash(context, event))).toBe(hex(sha256(Uint8Array.of(0, ...context, ...event))));
    expect(hex(leafHash(context, Buffer.from('{"b":3}')))).not.toBe(hex(leafHash(context, event)));
    expect(hex(leafHash(contextHash(event), event))).not.toBe(hex(leafHash(context, event)));
  });

  it('shares no domain with another use of the same bytes [FMT-05]', () => {
    const bytes = KEY_A.publicKey;
    const hashes = [hex(contextHash(bytes)).slice(0, 32), replicaIdOf(bytes), hex(sha256(bytes)).slice(0, 32)];
    expect(new Set(hashes).size).toBe(3);
  });
});
