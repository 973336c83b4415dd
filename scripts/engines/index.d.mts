import type { FoundChromium } from '../chromium.mjs';
import type { FoundFirefox } from './firefox.mjs';
import type { FoundWebKit } from './webkit.mjs';

export type EngineName = 'chromium' | 'chromium-old' | 'firefox' | 'webkit';
export type FoundEngines = {
  readonly chromium: FoundChromium & { readonly version: string };
  readonly 'chromium-old': FoundChromium & { readonly version: string };
  readonly firefox: FoundFirefox;
  readonly webkit: FoundWebKit;
};
export const ENGINES: readonly EngineName[];
export function findEngine<Name extends EngineName>(
  name: Name,
): Promise<{
  readonly name: Name;
  /** Nothing where the engine is missing. */
  readonly found: FoundEngines[Name] | undefined;
  /** What to install where it is missing. */
  readonly advice: string;
}>;
