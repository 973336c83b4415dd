/** Parts of payloads that the clinical aggregates share. */
import * as z from 'zod';
import { isUtc } from '../../core/envelope.ts';
import { LIMITS } from '../../core/limits.ts';

/** A name of a study's metadata, as in ODM. */
export const oid = z.string().min(1).max(200);
/** A value as entered; null where the source says that there is none. */
export const enteredValue = z.string().max(4_000).nullable();
/** The id of another aggregate. */
export const aggregateRef = z.string().min(1).max(LIMITS.idLengthMax);
/** A calendar day, as somebody says it was: `2026-01-05`. */
export const day = z.iso.date();
/** Device time: RFC 3339, UTC, with milliseconds. Texts of it are in the order of the times. */
export const utc = z.string().refine(isUtc, 'not a time');
/** What a person writes. */
export const remark = z.string().min(1).max(4_000);
