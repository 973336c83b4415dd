/** The writers of the conformance kit, for other tests of storage. Runs in any page or worker, without the test runner. */
export { makeIdentity, makeWriter, race, TENANT, type Writer } from '../../src/testing/conformance/writer.ts';
