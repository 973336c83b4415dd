/** Reads the columns that the drivers give in different types: `bigint` as text, number or bigint. */
import * as z from 'zod';
import { StoreError } from '../../core/errors.ts';
import type { Row } from './database.ts';

/** A whole number from 0, as text, number or bigint. */
export const whole = z
  .union([z.number(), z.bigint(), z.string().regex(/^\d{1,16}$/)])
  .transform(Number)
  .pipe(z.int().min(0));
const bytes = z.instanceof(Uint8Array).transform((given) => new Uint8Array(given));

export const LogRow = z.object({ size: whole, commits: whole, peaks: bytes, root: bytes });
export const HeadRow = z.object({ replica: z.string(), sequence: whole, link: bytes, received_at: z.date() });
export const HeldRow = z.object({ first: whole, link: bytes, position: whole });
export const TenantRow = z.object({ tenant: z.string() });
export const IdRow = z.object({ event_id: z.string() });
export const CommitRow = z.object({ position: whole, events: whole, tree_root: bytes, bytes, candidates: whole });
/** A commit with all that is beside it. */
export const WholeRow = z.object({
  ...{ position: whole, events: whole, replica: z.string(), first: whole },
  ...{ link: bytes, tree_root: bytes, bytes },
});
/** A commit in its place. */
export const PlacedRow = z.object({ position: whole, bytes });
export const BytesRow = z.object({ bytes });
export const RootRow = z.object({ tree_root: bytes });
export const RefusedRow = z.object({ code: z.string(), count: whole });

/** @throws StoreError `storage.corrupt` */
export const readRows = <T>(schema: z.ZodType<T>, rows: readonly Row[]): readonly T[] =>
  rows.map((row) => {
    const read = schema.safeParse(row);
    if (!read.success) throw new StoreError('storage.corrupt', { column: read.error.issues[0]?.path.join('.') ?? '' });
    return read.data;
  });
