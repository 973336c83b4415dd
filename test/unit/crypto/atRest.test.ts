import { describe } from 'vitest';
import { publishedVectors } from '../../atRest/published.ts';
import { sealLaws } from '../../atRest/sealLaws.ts';

describe('published vectors', publishedVectors);
describe('sealing at rest', sealLaws);
