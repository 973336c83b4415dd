/** Base64 in a browser, which has a reader and a writer of its own; `test/unit/crypto/bytes` has the laws in Node. */
import { describe } from 'vitest';
import { base64Laws } from '../../unit/crypto/base64Laws.ts';

describe('base64', base64Laws);
