/** The line between the tabs of one vault: a `BroadcastChannel`, where the platform has one. Law: `vaultTabs`, in Chromium. */
import { isRecord } from '../../core/json.ts';
import type { Idle, TabMessage } from '../session.ts';

const messageOf = (data: unknown): TabMessage | undefined => {
  const { kind, tag } = isRecord(data) ? data : {};
  if (kind === 'locked' || kind === 'seen') return { kind };
  return kind === 'unlocked' && typeof tag === 'string' ? { kind, tag } : undefined;
};

/** @param name  of the application's database */
export const tabLine = (name: string): Idle['line'] => {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  return (hear) => {
    const channel = new BroadcastChannel(`indelible:vault:${name}`);
    // in Node a line alone keeps no program running
    if ('unref' in channel && typeof channel.unref === 'function') channel.unref();
    channel.onmessage = ({ data }) => {
      const message = messageOf(data);
      if (message !== undefined) hear(message);
    };
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  };
};
