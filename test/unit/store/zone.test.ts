/** The name of the device's time zone, from wherever the platform tells it. */
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The zone's name as a page that has just been loaded gives it. */
const zoneName = async (temporal?: unknown): Promise<string> => {
  vi.resetModules();
  vi.stubGlobal('Temporal', temporal);
  const { systemClock } = await import('../../../src/store/platform.ts');
  return systemClock.zone(Date.now()).name;
};

it('the zone of a recorded time is named by Temporal where the platform has it, and else by a formatter [FMT-04]', async () => {
  const formatter = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(await zoneName({ Now: { timeZoneId: () => 'Asia/Kathmandu' } })).toBe('Asia/Kathmandu');
  expect(await zoneName()).toBe(formatter);
  expect(await zoneName({ Now: {} })).toBe(formatter);
});

it('a platform that does not know its zone has it recorded as unknown [FMT-04]', async () => {
  expect(await zoneName({ Now: { timeZoneId: () => '' } })).toBe('Etc/Unknown');
});
