/** The verifier of the conformance kit, for other tests of storage. */
export { verifyLog, verifyRecords } from '../../src/testing/conformance/sealed.ts';
