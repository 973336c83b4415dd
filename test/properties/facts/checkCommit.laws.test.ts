import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit, Fault } from '../../../src/core/commit.ts';
import { sequence } from '../../../src/core/position.ts';
import { canonicalBytes } from '../../../src/crypto/canonical.ts';
import { contextHash, leafHash } from '../../../src/crypto/chain.ts';
import { checkCommit } from '../../../src/crypto/checkCommit.ts';
import type { SignedParts } from '../../../src/crypto/commitBytes.ts';
import { decodeCommit, encodeCommit, signedMessage } from '../../../src/crypto/commitBytes.ts';
import { inclusionProof, verifyInclusion } from '../../../src/crypto/merkle.ts';
import { sign } from '../../../src/crypto/signer.ts';
import { at, bodyOf, chainOf, codeOf, flipped, KEY_A, KEY_B } from '../../unit/support.ts';
import { commit } from './arbitraries.ts';

const [single, triple, full] = await chainOf(KEY_A, [1, 3, 5]).then((commits) => {
  return [at(commits, 0), at(commits, 1), at(commits, 2)] as const;
});

const faultOf = async (bytes: Uint8Array, expected: number): Promise<Fault | undefined> => {
  const check = await checkCommit(bytes, expected);
  return check.kind === 'faulty' ? check.fault : undefined;
};

/** The sequence of the event whose bytes or leaf-table entry hold a bit; undefined for a bit of another field. */
const eventAt = ({ bytes, first, events }: Commit, bit: number): number | undefined => {
  const place = bit >> 3;
  const { eventsFrom, eventBytes } = decodeCommit(bytes);
  const leavesAt = 180 + 4 * events.length;
  if (events.length > 1 && place >= leavesAt && place < leavesAt + 32 * events.length) {
    return first + Math.floor((place - leavesAt) / 32);
  }
  let from = eventsFrom + 1;
  for (const [index, { length }] of eventBytes.entries()) {
    if (place >= from && place < from + length) return first + index;
    from += length + 1;
  }
  return undefined;
};

const findsEachBit = async (subject: Commit): Promise<void> => {
  for (let bit = 0; bit < subject.bytes.length * 8; bit++) {
    const fault = await faultOf(flipped(subject.bytes, bit), subject.first);
    const event = eventAt(subject, bit);
    if (fault === undefined) throw new Error(`bit ${bit} was flipped and nothing was found`);
    if (event !== undefined && (fault.sequence !== event || fault.code !== 'chain.leaf-mismatch')) {
      throw new Error(`bit ${bit} is of event ${event}, and ${fault.code} at ${fault.sequence} was found`);
    }
  }
};

describe('one flipped bit', () => {
  it('is found wherever it is in a commit of one event, and placed [FMT-08]', () => findsEachBit(single));
  it('is found wherever it is in a commit of three events, and placed [FMT-08]', () => findsEachBit(triple));
  it('is found wherever it is in a commit of five events, and placed [FMT-08]', () => findsEachBit(full));

  it('is found in any commit [FMT-08]', async () => {
    await fc.assert(
      fc.asyncProperty(commit, fc.nat(), async (made, anywhere) => {
        const subject = await made;
        const bit = anywhere % (subject.bytes.length * 8);
        const fault = await faultOf(flipped(subject.bytes, bit), subject.first);
        expect(fault).toBeDefined();
        const event = eventAt(subject, bit);
        if (event !== undefined) expect(fault).toMatchObject({ sequence: event, replica: subject.replica });
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The commit written anew from altered parts, as one would who can write the database but has not the key. */
const forged = (subject: Commit, alter: (parts: SignedParts) => Partial<SignedParts>): Uint8Array => {
  const parts = decodeCommit(subject.bytes);
  const altered = { ...parts, ...alter(parts) };
  const context = contextHash(altered.contextBytes);
  return encodeCommit({ ...altered, leaves: altered.eventBytes.map((event) => leafHash(context, event)) });
};
const eventsOf = (subject: Commit): readonly Uint8Array[] => decodeCommit(subject.bytes).eventBytes;

describe('an event in a commit whose leaf table was rewritten along', () => {
  const places = [0, 1, 2, 3, 4];

  it('is missed where it was deleted; the last one, at its commit [FMT-08]', async () => {
    for (const place of places) {
      const bytes = forged(full, ({ eventBytes }) => ({ eventBytes: eventBytes.toSpliced(place, 1) }));
      const found = { sequence: full.first + (place === 4 ? 0 : place), code: 'chain.root-mismatch' };
      expect(await faultOf(bytes, full.first)).toMatchObject(found);
    }
  });

  it('is found where it was repeated, inserted from elsewhere, or swapped in [FMT-08]', async () => {
    const stranger = at(eventsOf(triple), 0);
    for (const place of places) {
      const own = at(eventsOf(full), place);
      const changes: readonly (readonly [readonly Uint8Array[], number])[] = [
        [eventsOf(full).toSpliced(place, 0, own), place + 1],
        [eventsOf(full).toSpliced(place, 0, stranger), place],
        [eventsOf(full).with(place, stranger), place],
        ...places.slice(place + 1).map(
          (other) =>
            [
              eventsOf(full)
                .with(place, at(eventsOf(full), other))
                .with(other, own),
              place,
            ] as const,
        ),
      ];
      for (const [eventBytes, index] of changes) {
        const fault = await faultOf(
          forged(full, () => ({ eventBytes })),
          full.first,
        );
        expect(fault).toMatchObject({ sequence: full.first + index, code: 'chain.root-mismatch' });
      }
    }
  });

  it('is found when its content was changed; its place is then that of its commit [FMT-08]', async () => {
    for (const place of places) {
      const event = new TextEncoder().encode(new TextDecoder().decode(at(eventsOf(full), place)).replace('BP', 'HR'));
      const bytes = forged(full, ({ eventBytes }) => ({ eventBytes: eventBytes.with(place, event) }));
      expect(await faultOf(bytes, full.first)).toMatchObject({ sequence: full.first, code: 'chain.root-mismatch' });
    }
  });

  it('is found when the context of all events was changed [FMT-08]', async () => {
    const context = new TextEncoder().encode(JSON.stringify({ ...full.context, receipt: null }).replace('3', '4'));
    const bytes = forged(full, () => ({ contextBytes: context }));
    expect(await faultOf(bytes, full.first)).toMatchObject({ sequence: full.first, code: 'chain.root-mismatch' });
  });
});

describe('a commit signed anew', () => {
  const resigned = async (alter: (parts: SignedParts) => Partial<SignedParts>, key = KEY_A): Promise<Uint8Array> => {
    const parts = { ...decodeCommit(full.bytes), ...alter(decodeCommit(full.bytes)) };
    return encodeCommit({ ...parts, signature: await sign(key, signedMessage(parts)) });
  };

  it('by another key under its own name is refused: the context names the replica [FMT-08]', async () => {
    const bytes = await resigned(() => ({ publicKey: KEY_B.publicKey }), KEY_B);
    expect(await faultOf(bytes, full.first)).toMatchObject({ code: 'commit.malformed', what: 'replica' });
  });

  it('by another key under the first name is refused [FMT-08]', async () => {
    expect(await faultOf(await resigned(() => ({}), KEY_B), full.first)).toMatchObject({ code: 'signature.invalid' });
  });

  it('at another sequence is refused: each event names its own [FMT-08]', async () => {
    const bytes = await resigned(({ first }) => ({ first: sequence(first + 1) }));
    expect(await faultOf(bytes, full.first)).toMatchObject({ code: 'commit.malformed', what: 'sequence' });
  });
});

describe('an event that claims to have seen itself or a later one', () => {
  it('is refused, though its replica signed it [FMT-02]', async () => {
    const { contextBytes, previous, leaves } = decodeCommit(single.bytes);
    for (const [seen, kind] of [[4, 'sound'] as const, [5, 'faulty'] as const, [6, 'faulty'] as const]) {
      const event = canonicalBytes(bodyOf(5, { basis: { [single.replica]: sequence(seen) } }));
      const root = leafHash(contextHash(contextBytes), event);
      const parts = {
        publicKey: KEY_A.publicKey,
        first: sequence(5),
        previous,
        root,
        contextBytes,
        eventBytes: [event],
        leaves,
      };
      const bytes = encodeCommit({ ...parts, signature: await sign(KEY_A, signedMessage(parts)) });
      expect((await checkCommit(bytes)).kind).toBe(kind);
      if (kind === 'faulty') expect(await faultOf(bytes, 5)).toMatchObject({ what: 'basis', sequence: 5 });
    }
  });
});

describe('each event of a commit', () => {
  it('is verifiable alone, through its path to the signed root [FMT-07]', async () => {
    await fc.assert(
      fc.asyncProperty(commit, async (made) => {
        const { leaves, root, bytes } = await made;
        const { eventBytes, contextBytes } = decodeCommit(bytes);
        for (const [position, event] of eventBytes.entries()) {
          const leaf = leafHash(contextHash(contextBytes), event);
          const path = inclusionProof(leaves, position);
          const claim = { leaf, position, size: leaves.length, path, root };
          expect(codeOf(() => verifyInclusion(claim))).toBeUndefined();
        }
      }),
      { numRuns: 100 },
    );
  });
});
