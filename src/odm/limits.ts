/**
 * Bounds of the ODM reader. A file beyond one of them ends in `import.too-large`, whole: nothing of it is half read.
 * They bound memory and time on hostile input; no real study comes near them.
 */
import { invariant } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export const ODM_LIMITS = {
  /** UTF-16 units of one file. */
  charsMax: 536_870_912,
  /** Nesting of elements. ODM itself needs 9. */
  depthMax: 64,
  /** Elements under one subject or one definition: they are held in memory together. */
  elementsMax: 1_000_000,
  /** UTF-16 units without a tag in between: one text, comment or attribute. */
  tokenCharsMax: 16_777_216,
  /** Items of forms that wait for audit records which follow later in the file. */
  waitingItemsMax: 2_000_000,
  /** Distinct notices of one kind; further ones are counted under one heading. */
  noticesMax: 1_000,
  /** UTF-16 units of a path or name inside a notice. */
  noticeCharsMax: 300,
  /** UTF-16 units handed to the parser at once. */
  chunkChars: 65_536,
  /** UTF-8 bytes of one value as a JSON string: an event must hold it. */
  valueBytesMax: 40_960,
} as const;

invariant(ODM_LIMITS.valueBytesMax + 4_096 <= LIMITS.eventBytesMax, 'the largest value fits into an event');
invariant(ODM_LIMITS.chunkChars < ODM_LIMITS.tokenCharsMax, 'a token may span chunks');
