/** A sealer with a worker of its own, as the platform provides it. */
import type { Scheduler } from '../core/ports.ts';
import type { Sealer } from '../crypto/sealer.ts';
import { sealingPort, type Thread } from './port.ts';
import { sealWithWorker } from './sealer.ts';

/** The worker is a module beside this one: bundlers find it by this very expression. */
export const openThread = (): Thread | undefined =>
  typeof Worker === 'undefined'
    ? undefined
    : new Worker(new URL('./sealing.worker.ts', import.meta.url), { type: 'module', name: 'indelible-sealing' });

/** Seals on this thread until there is much to seal, then with a worker where there is one. */
export const platformSealer = (scheduler: Scheduler): Sealer => sealWithWorker(sealingPort(openThread, scheduler));
