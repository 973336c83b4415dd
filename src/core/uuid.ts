/** Event ids: UUIDv7 (RFC 9562), strictly increasing within one generator. */
import { type EventId, eventId } from './ids.ts';
import type { Clock, Entropy } from './ports.ts';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

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
  const random = (): Uint8Array => {
    if (used + RANDOM_BYTES > pool.length) {
      pool = entropy.bytes(POOL_IDS * RANDOM_BYTES);
      used = 0;
    }
    used += RANDOM_BYTES;
    return pool.subarray(used - RANDOM_BYTES, used);
  };
  return () => {
    const nowMs = clock.nowMs();
    counter = nowMs > lastMs ? 0 : counter + 1;
    lastMs = Math.max(nowMs, lastMs);
    if (counter > 0xfff) {
      counter = 0;
      lastMs += 1;
    }
    const time = hex(lastMs, 12);
    const [variant = 0, ...rest] = [...random()];
    const tail = hex(0x80 | (variant & 0x3f), 2) + rest.map((byte) => hex(byte, 2)).join('');
    return eventId(`${time.slice(0, 8)}-${time.slice(8)}-7${hex(counter, 3)}-${tail.slice(0, 4)}-${tail.slice(4)}`);
  };
};
