/** What other tests of storage share with the conformance kit. */
export { contentOf, eventually, NAME, plain, type Settled, settled } from '../../src/testing/conformance/engine.ts';
