/**
 * A browser of any engine on a folder of its own, shown an address and killed, with no driver attached: the page itself tells
 * the test what it does. The engine is that of the vitest project; Chromium where none is named.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnFirefox } from '../../scripts/engines/firefox.mjs';
import { findEngine } from '../../scripts/engines/index.mjs';
import { endGroup } from '../../scripts/engines/programs.mjs';
import { spawnMiniBrowser, startDisplay } from '../../scripts/engines/webkit.mjs';
import { type Browser, makeProfile, type Profile } from './crash/browser.ts';

type Start = (profile: string, url: string) => ChildProcess;

const browserOf = (child: ChildProcess): Browser => {
  const ended = once(child, 'exit');
  return {
    kill: async () => {
      await endGroup(child);
      await ended;
    },
  };
};

const profileOf = async (start: Start, end: () => Promise<void>): Promise<Profile> => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-crash-'));
  return {
    folder,
    start: (url) => browserOf(start(folder, url)),
    // A process that was killed may hold its files for a moment.
    remove: async () => {
      await end();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};

const firefox = async (): Promise<Profile> => {
  const { found, advice } = await findEngine('firefox');
  if (found === undefined) throw new Error(advice);
  return profileOf(
    (profile, url) => spawnFirefox({ path: found.path, profile, url }),
    async () => undefined,
  );
};

const webkit = async (): Promise<Profile> => {
  const { found, advice } = await findEngine('webkit');
  if (found === undefined) throw new Error(advice);
  const display = await startDisplay(found);
  const { browser } = found;
  return profileOf((profile, url) => spawnMiniBrowser({ browser, display: display.name, profile, url }), display.close);
};

const MAKERS: Readonly<Record<string, () => Promise<Profile>>> = { firefox, webkit };

/** A new, empty profile of the engine under test. */
export const makeEngineProfile = (): Promise<Profile> =>
  (MAKERS[process.env['INDELIBLE_ENGINE'] ?? ''] ?? makeProfile)();
