import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/core/limits.ts';
import { frameBytes } from '../../../src/crypto/commitBytes.ts';

describe('the limits', () => {
  it('are those of format 1: one may grow in a later format, and none shrinks [FMT-13]', () => {
    expect(LIMITS).toMatchObject({
      commitEventsMax: 256,
      commitBytesMax: 61_440,
      eventBytesMax: 49_152,
      contextBytesMax: 8_192,
      jsonDepthMax: 64,
      idLengthMax: 200,
      reasonLengthMax: 2_000,
      vectorEntriesMax: 1_024,
      resolvesMax: 64,
      integerMax: 2 ** 53 - 1,
      proofLengthMax: 53,
    });
  });

  it('let the largest event with the largest context into a commit, and the largest commit into a record and a message [FMT-13]', () => {
    expect(LIMITS.eventBytesMax + LIMITS.contextBytesMax + frameBytes(1)).toBeLessThanOrEqual(LIMITS.commitBytesMax);
    expect(LIMITS.commitBytesMax).toBeLessThanOrEqual(LIMITS.recordBytesMax);
    expect(LIMITS.recordBytesMax).toBeLessThan(65_536);
    expect(LIMITS.commitBytesMax).toBeLessThanOrEqual(LIMITS.batchBytesMax);
  });

  it('let a full commit of 256 events hold a context and events of its least size [FMT-13]', () => {
    expect(frameBytes(LIMITS.commitEventsMax) + LIMITS.contextBytesMax).toBeLessThan(LIMITS.commitBytesMax);
  });

  it('are whole numbers above zero [FMT-13]', () => {
    for (const bound of Object.values(LIMITS)) expect(Number.isSafeInteger(bound) && bound > 0).toBe(true);
  });
});
