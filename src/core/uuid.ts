/** Event ids: UUIDv7 (RFC 9562), strictly increasing within one generator. */
import { StoreError } from './errors.ts';
import { type EventId, eventId } from './ids.ts';
import type { Clock, Entropy } from './ports.ts';

/** Two hex digits for each byte. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hexByte = (byte: number | undefined): string => HEX[(byte ?? 0) & 0xff] ?? '';
const hex16 = (value: number): string => hexByte(value >> 8) + hexByte(value);
/** 48 bits, with the hyphen of a UUID after 32 of them. @throws StoreError `id.malformed` for a time that has no 48 bits */
const hexTime = (ms: number): string => {
  if (!Number.isSafeInteger(ms) || ms >= 2 ** 48) throw new StoreError('id.malformed', { kind: 'eventId' });
  const high = Math.floor(ms / 0x1_0000_0000);
  const low = ms % 0x1_0000_0000;
  return `${hex16(high)}${hex16(low >>> 16)}-${hex16(low & 0xffff)}`;
};

const POOL_IDS = 256;
const RANDOM_BYTES = 8;

/**
 * Makes event ids: 48 bits of device time in milliseconds, a 12-bit counter, 62 random bits. When the clock stands still
 * or steps back, the last time is kept and counted on.
 */
export const eventIds = (clock: Clock, entropy: Entropy): (() => EventId) => {
  let lastMs = 0;
  let counter = 0;
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  /** Where the next random bytes stand in the pool. */
  const draw = (): number => {
    if (used + RANDOM_BYTES > pool.length) {
      pool = entropy.bytes(POOL_IDS * RANDOM_BYTES);
      used = 0;
    }
    used += RANDOM_BYTES;
    return used - RANDOM_BYTES;
  };
  return () => {
    const nowMs = clock.nowMs();
    counter = nowMs > lastMs ? 0 : counter + 1;
    lastMs = Math.max(nowMs, lastMs);
    if (counter > 0xfff) {
      counter = 0;
      lastMs += 1;
    }
    const at = draw();
    const variant = 0x80 | ((pool[at] ?? 0) & 0x3f);
    let tail = '';
    for (let next = at + 2; next < at + RANDOM_BYTES; next++) tail += hexByte(pool[next]);
    return eventId(`${hexTime(lastMs)}-${hex16(0x7000 | counter)}-${hexByte(variant)}${hexByte(pool[at + 1])}-${tail}`);
  };
};
