/** The page on health is about the checks and warnings that there are. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/store/healthChecks.ts';
import { HEALTH_TEXT } from '../../src/store/healthText.ts';

const page = readFileSync(new URL('../../docs/health.md', import.meta.url), 'utf8');

it('each check and each warning is explained, with what to do, and none that is not there [HLT-01]', () => {
  for (const name of Object.keys(CHECKS)) expect(page).toContain(`| \`${name}\` |`);
  const named = new Set(page.match(/health\.[a-z]+-[a-z-]+/g));
  expect([...named].sort()).toEqual(Object.keys(HEALTH_TEXT).sort());
  const [, advice = ''] = page.split('## What to do');
  for (const code of Object.keys(HEALTH_TEXT)) expect(advice).toContain(`\`${code}\``);
});

it('each warning of health is given by some check [HLT-01]', () => {
  const sources = ['healthChecks.ts', 'health.ts'].map((file) =>
    readFileSync(new URL(`../../src/store/${file}`, import.meta.url), 'utf8'),
  );
  for (const code of Object.keys(HEALTH_TEXT))
    expect(
      sources.some((text) => text.includes(`'${code}'`)),
      code,
    ).toBe(true);
});
