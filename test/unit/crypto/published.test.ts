import { describe, expect, it } from 'vitest';
import { PUBLISHED } from '../../vectors/published.ts';

describe('what protected fields rest on, in Node', () => {
  it.each(PUBLISHED)(
    'gives the published bytes: $name [FLD-01, KEY-02, KEY-03, KEY-04]',
    async ({ expected, made }) => {
      expect(await made()).toBe(expected);
    },
  );
});
