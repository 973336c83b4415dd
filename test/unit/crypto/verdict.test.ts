import { verdictLaws } from '../../vectors/verdictLaws.ts';

verdictLaws('in Node');
