/** What vitest's JSON report says of the tests that failed. */
import { relative } from 'node:path';

/** Lines of one message: what was expected and where, no frame of the test runner. */
const LINES_MAX = 25;
const isOwn = (line) => !line.includes('/node_modules/');
const brief = (message) => message.split('\n').filter(isOwn).slice(0, LINES_MAX).join('\n');

/** A text for each test that failed, and for each file that failed without one: where, what it is called, what it said. */
export const failuresIn = ({ testResults }, root) =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((each) => each.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}\n${brief(message ?? '')}`] : [];
    return failed.map((each) => `${file} > ${each.fullName}\n${brief((each.failureMessages ?? []).join('\n'))}`);
  });
