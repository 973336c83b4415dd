import type { ChildProcess } from 'node:child_process';
import type { Browser } from 'puppeteer-core';

export interface FoundFirefox {
  readonly path: string;
  readonly version: string;
}
export const FIREFOX_ADVICE: string;
export function findFirefox(): FoundFirefox | undefined;
export function launchFirefox(start: { readonly path: string; readonly profile: string }): Promise<Browser>;
export function spawnFirefox(start: {
  readonly path: string;
  readonly profile: string;
  readonly url: string;
}): ChildProcess;
