/** Words that nothing else has: planted by the store under test, and beside it. */
export const WORDS: readonly string[] = ['kq7planted', 'Kq7planted', '2031-04-17T08'];
export const CONTROL: readonly string[] = ['kq7control', 'Kq7control', '2032-05-18T08'];
