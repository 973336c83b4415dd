/** The keys at rest in the browser's own WebCrypto; `test/unit/crypto/atRest` has them in Node. */
import { describe } from 'vitest';
import { publishedVectors } from '../../atRest/published.ts';
import { sealLaws } from '../../atRest/sealLaws.ts';

describe('published vectors', publishedVectors);
describe('sealing at rest', sealLaws);
