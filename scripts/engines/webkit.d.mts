import type { ChildProcess } from 'node:child_process';

export interface FoundWebKit {
  readonly driver: string;
  readonly browser: string;
  readonly xvfb: string;
  readonly version: string;
}
export interface Display {
  readonly name: string;
  close(): Promise<void>;
}
export interface MiniBrowser {
  readonly child: ChildProcess;
  readonly inspectorPort: number;
  /** Ends every process of the browser at once, as a crash would. */
  kill(): Promise<void>;
  close(): Promise<void>;
}
/** The part of selenium's driver that is used here. */
export interface WebKitElement {
  click(): Promise<void>;
  clear(): Promise<void>;
  sendKeys(...keys: readonly string[]): Promise<void>;
}
export interface WebKitSession {
  readonly session: {
    get(url: string): Promise<void>;
    navigate(): { refresh(): Promise<void> };
    executeAsyncScript(script: string, ...args: readonly unknown[]): Promise<unknown>;
    findElement(by: { readonly css: string }): Promise<WebKitElement>;
  };
  readonly child: ChildProcess;
  close(): Promise<void>;
}
export const WEBKIT_ADVICE: string;
export function findWebKit(): FoundWebKit | undefined;
export function startDisplay(found: Pick<FoundWebKit, 'xvfb'>): Promise<Display>;
export function spawnMiniBrowser(start: {
  readonly browser: string;
  readonly display: string;
  readonly profile: string;
  readonly url: string;
}): ChildProcess;
export function launchMiniBrowser(start: {
  readonly browser: string;
  readonly display: string;
  readonly profile: string;
  readonly url: string;
}): Promise<MiniBrowser>;
export function startWebKitSession(start: {
  readonly driver: string;
  readonly browser: string;
  readonly display: string;
}): Promise<WebKitSession>;
