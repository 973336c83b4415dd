import type { ChildProcess } from 'node:child_process';

export function firstPresent(places: readonly string[]): string | undefined;
export function saidBy(path: string, args: readonly string[], env?: NodeJS.ProcessEnv): string | undefined;
export function freePort(): Promise<number>;
export function endGroup(child: ChildProcess, signal?: NodeJS.Signals): Promise<void>;
export function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  timeoutMs?: number,
): Promise<Exclude<T, undefined | false>>;
