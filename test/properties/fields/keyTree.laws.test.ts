import { concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeNodes,
  type KeyTree,
  NODE_BYTES,
  PLACES,
  readNodes,
  wholeTree,
  wordsOf,
} from '../../../src/crypto/keyTree.ts';
import { codeOf, hex } from '../../unit/support.ts';

const root = () => wordsOf(Uint8Array.from({ length: 32 }, (_, at) => (7 * at + 3) & 0xff));
const leafText = (tree: KeyTree, place: number): string => [...(tree.leaf(place) ?? [])].join();

/** Places near each other, so that paths are shared, and far apart. */
const place = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: PLACES - 40, max: PLACES - 1 }),
  fc.integer({ min: 0, max: PLACES - 1 }),
);
const places = fc.uniqueArray(place, { minLength: 1, maxLength: 12 });

describe('a key tree', () => {
  it('loses exactly the leaves that were punctured, and keeps every other one [FLD-02]', () => {
    fc.assert(
      fc.property(places, fc.uniqueArray(place, { maxLength: 20 }), (gone, others) => {
        const whole = wholeTree(root());
        const left = whole.puncture(gone);
        for (const each of gone) expect(left.leaf(each)).toBeUndefined();
        for (const each of others.filter((other) => !gone.includes(other))) {
          expect(leafText(left, each)).toBe(leafText(whole, each));
        }
      }),
    );
  });

  it('keeps the neighbours of a punctured leaf at every level [FLD-02]', () => {
    fc.assert(
      fc.property(place, (gone) => {
        const whole = wholeTree(root());
        const left = whole.puncture([gone]);
        for (let span = 1; span < PLACES; span *= 16) {
          const neighbour = gone % (span * 16) < span ? gone + span : gone - span;
          expect(leafText(left, neighbour)).toBe(leafText(whole, neighbour));
        }
      }),
    );
  });

  it('that is met with another copy is what is left when both lost their leaves in one, byte for byte [FLD-02]', () => {
    fc.assert(
      fc.property(places, places, (here, there) => {
        const [one, other] = [wholeTree(root()).puncture(here), wholeTree(root()).puncture(there)];
        const both = hex(encodeNodes(wholeTree(root()).puncture([...here, ...there])));
        expect(hex(encodeNodes(one.meet(other)))).toBe(both);
        expect(hex(encodeNodes(other.meet(one)))).toBe(both);
        expect(hex(encodeNodes(one.meet(wholeTree(root()))))).toBe(hex(encodeNodes(one)));
        expect(hex(encodeNodes(one.meet(one)))).toBe(hex(encodeNodes(one)));
      }),
    );
  });

  it('is the same after any order of punctures, one by one or at once [FLD-02]', () => {
    fc.assert(
      fc.property(
        places.chain((gone) => fc.tuple(fc.constant(gone), fc.shuffledSubarray(gone, { minLength: gone.length }))),
        ([gone, shuffled]) => {
          const atOnce = encodeNodes(wholeTree(root()).puncture(gone));
          const oneByOne = shuffled.reduce((tree, each) => tree.puncture([each]), wholeTree(root()));
          expect(hex(encodeNodes(oneByOne))).toBe(hex(atOnce));
        },
      ),
    );
  });

  it('holds no ancestor of a punctured leaf, and nodes that do not overlap [FLD-02]', () => {
    fc.assert(
      fc.property(places, (gone) => {
        let end = 0;
        for (const { depth, start } of wholeTree(root()).puncture(gone).nodes()) {
          const span = 16 ** (12 - depth);
          expect(start).toBeGreaterThanOrEqual(end);
          end = start + span;
          expect(gone.filter((each) => each >= start && each < end)).toEqual([]);
        }
      }),
    );
  });

  it('is not touched when a tree that came from it is wiped, nor the other way round [FLD-02]', () => {
    const whole = wholeTree(root());
    const before = leafText(whole, 5);
    const left = whole.puncture([4]);
    whole.wipe();
    expect(leafText(left, 5)).toBe(before);
    expect(leafText(whole, 5)).not.toBe(before);
  });

  it('is read back as it was written [FLD-02]', () => {
    fc.assert(
      fc.property(places, fc.uniqueArray(place, { maxLength: 10 }), (gone, others) => {
        const left = wholeTree(root()).puncture(gone);
        const read = readNodes(encodeNodes(left));
        for (const each of [...gone, ...others]) expect(leafText(read, each)).toBe(leafText(left, each));
      }),
    );
  });

  it('is read in one spelling only: cut, shuffled, doubled or misplaced nodes are refused [FLD-02]', () => {
    const bytes = encodeNodes(wholeTree(root()).puncture([77]));
    const node = (at: number) => bytes.slice(at * NODE_BYTES, (at + 1) * NODE_BYTES);
    const count = bytes.length / NODE_BYTES;
    const rest = bytes.slice(2 * NODE_BYTES);
    const altered = (at: number, value: number) => {
      const copy = bytes.slice();
      copy[at] = value;
      return copy;
    };
    const siblings = Array.from({ length: 16 }, (_, number) => {
      const written = bytes.slice(0, NODE_BYTES);
      written.set([12, 0, 0, 0, 0, 0, number]);
      return written;
    });
    const refused = [
      bytes.subarray(0, bytes.length - 1),
      concatBytes(node(1), node(0), rest),
      concatBytes(node(0), node(0), rest),
      altered(0, 0),
      altered(0, 13),
      altered(0, 1),
      altered((count - 1) * NODE_BYTES + 6, 1),
      concatBytes(...siblings),
    ];
    for (const each of refused) expect(codeOf(() => readNodes(each))).toBe('key.data-malformed');
  });
});
