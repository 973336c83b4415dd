export interface FoundChromium {
  readonly path: string;
  readonly args: readonly string[];
  readonly source: 'env' | 'system' | 'apt' | 'npm';
  /** The whole environment to start the browser in. */
  readonly env: Readonly<Record<string, string>>;
}
export function findChromium(): Promise<FoundChromium>;
export function findShippedChromium(): Promise<FoundChromium | undefined>;
export function usualPlaces(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[];
