/** The ports as the running platform provides them: browser or Node. */
import { isRecord } from '../core/json.ts';
import type { Clock, Entropy } from '../core/ports.ts';

export { systemScheduler } from '../timers.ts';

const ZONE_KEPT_MS = 1_000;

/**
 * The zone's name. `Temporal` says it at once, where the platform has it; the first formatter of a page takes Chromium 15 to 20 ms.
 * It is one name: both are the system's time zone identifier (ECMA-262, ECMA-402).
 */
const zoneName = (): string => {
  const temporal: unknown = Reflect.get(globalThis, 'Temporal');
  const now = isRecord(temporal) ? temporal['Now'] : undefined;
  const read = isRecord(now) ? now['timeZoneId'] : undefined;
  const name: unknown = typeof read === 'function' ? read() : Intl.DateTimeFormat().resolvedOptions().timeZone;
  return typeof name === 'string' && name !== '' ? name : 'Etc/Unknown';
};

/** Asking for the zone's name costs more than sealing an event: it is kept for a second, and while the offset stays. */
const zoneReader = (): Clock['zone'] => {
  let zone = { offsetMin: Number.NaN, name: '' };
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return (atMs) => {
    const offsetMin = -new Date(atMs).getTimezoneOffset() || 0;
    const nowMs = performance.now();
    if (offsetMin !== zone.offsetMin || nowMs - askedAtMs > ZONE_KEPT_MS) {
      zone = { offsetMin, name: zoneName() };
      askedAtMs = nowMs;
    }
    return zone;
  };
};

/** The device clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  uptimeMs: () => performance.now(),
  zone: zoneReader(),
};

/** The platform's cryptographic randomness. */
export const systemEntropy: Entropy = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

/** Lets whatever else waits for this thread go first. */
export const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** As `breathe`, for work that does so often: browsers make timers that follow each other wait for 4 ms. */
export const breatheBriefly = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

/** A number from 0 to 1, for jitter only. */
export const systemJitter = (): number => (systemEntropy.bytes(1)[0] ?? 0) / 255;

/** Follows the platform's own idea of being online; calls back at once with what it is now. */
export const followNetwork = (listener: (online: boolean) => void): (() => void) => {
  if (typeof window === 'undefined') {
    listener(true);
    return () => undefined;
  }
  const tell = () => listener(navigator.onLine);
  window.addEventListener('online', tell);
  window.addEventListener('offline', tell);
  tell();
  return () => {
    window.removeEventListener('online', tell);
    window.removeEventListener('offline', tell);
  };
};
