/**
 * Every event of a log by its place: leaf hash, stream and type, in about 45 bytes each, so that what an electronic signature
 * names can be looked up wherever it stands in the file.
 */

import type { Commit } from '../core/commit.ts';
import { type Hash32, hash32, type ReplicaId, type StreamId } from '../core/ids.ts';

const BLOCK = 64;

type Block = { readonly leaves: Uint8Array; readonly streams: Uint32Array; readonly types: Uint32Array };

export type IndexedEvent = { readonly leaf: Hash32; readonly stream: StreamId; readonly type: string };

export type EventIndex = {
  readonly add: (commit: Commit) => void;
  readonly find: (place: { readonly replica: ReplicaId; readonly sequence: number }) => IndexedEvent | undefined;
  /** How many events of each type the streams asked for have: one pass over all events. */
  readonly countIn: (streams: ReadonlySet<StreamId>) => ReadonlyMap<StreamId, ReadonlyMap<string, number>>;
};

/** Numbers for texts, from 1 on; 0 is for none. */
const numberTexts = <T extends string>() => {
  const numbers = new Map<T, number>();
  const texts: T[] = [];
  return {
    numberOf: (text: T): number => {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      texts.push(text);
      numbers.set(text, texts.length);
      return texts.length;
    },
    known: (text: T): number => numbers.get(text) ?? 0,
    textOf: (number: number): T | undefined => texts[number - 1],
  };
};

const makeBlock = (): Block => ({
  leaves: new Uint8Array(32 * BLOCK),
  streams: new Uint32Array(BLOCK),
  types: new Uint32Array(BLOCK),
});

/** An index without events. */
export const indexEvents = (): EventIndex => {
  const streams = numberTexts<StreamId>();
  const types = numberTexts<string>();
  const replicas = new Map<ReplicaId, Map<number, Block>>();
  const blockOf = (replica: ReplicaId, sequence: number): Block => {
    const blocks = replicas.get(replica) ?? new Map<number, Block>();
    if (blocks.size === 0) replicas.set(replica, blocks);
    const number = Math.floor(sequence / BLOCK);
    const block = blocks.get(number) ?? makeBlock();
    blocks.set(number, block);
    return block;
  };
  return {
    add: ({ replica, events, leaves }) => {
      for (const [at, { sequence, stream, type }] of events.entries()) {
        const block = blockOf(replica, sequence);
        const place = sequence % BLOCK;
        const leaf = leaves[at];
        if (leaf !== undefined) block.leaves.set(leaf, 32 * place);
        block.streams[place] = streams.numberOf(stream);
        block.types[place] = types.numberOf(type);
      }
    },
    find: ({ replica, sequence }) => {
      const block = replicas.get(replica)?.get(Math.floor(sequence / BLOCK));
      const place = sequence % BLOCK;
      const stream = streams.textOf(block?.streams[place] ?? 0);
      const type = types.textOf(block?.types[place] ?? 0);
      if (block === undefined || stream === undefined || type === undefined) return undefined;
      return { leaf: hash32(block.leaves.slice(32 * place, 32 * place + 32)), stream, type };
    },
    countIn: (wanted) => {
      const counts = new Map([...wanted].map((stream) => [stream, new Map<string, number>()]));
      const byNumber = new Map([...counts].map(([stream, types]) => [streams.known(stream), types]));
      for (const block of [...replicas.values()].flatMap((blocks) => [...blocks.values()])) {
        for (const [place, stream] of block.streams.entries()) {
          const count = stream === 0 ? undefined : byNumber.get(stream);
          const type = types.textOf(block.types[place] ?? 0);
          if (count !== undefined && type !== undefined) count.set(type, (count.get(type) ?? 0) + 1);
        }
      }
      return counts;
    },
  };
};
