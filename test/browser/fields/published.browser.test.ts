import { describe, expect, it } from 'vitest';
import { PUBLISHED } from '../../vectors/published.ts';

describe('what protected fields rest on, in a browser', () => {
  it.each(PUBLISHED)('gives the published bytes: $name [FLD-01]', async ({ expected, made }) => {
    expect(await made()).toBe(expected);
  });
});
