/** Checks an export from its bytes alone. */
import { StoreError } from '../core/errors.ts';
import type { Report, VerifyOptions } from './report.ts';

/** Checks an exported bundle. Rejects only when `options.signal` is aborted or the source fails; never on its bytes. */
export const verifyBundle = (
  _source: AsyncIterable<Uint8Array> | Uint8Array,
  _options: VerifyOptions = {},
): Promise<Report> => Promise.reject(new StoreError('invariant.broken', { rule: 'verifyBundle is built' }));
