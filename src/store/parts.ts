/** Every part that is loaded when it is first needed, by the name that `store.part-missing` gives. */
import { loadPart } from '../core/part.ts';

export const PARTS: Readonly<Record<string, () => Promise<object>>> = {
  checks: () => import('./checks.ts'),
  curves: () => import('../crypto/curve.ts'),
  health: () => import('./health.ts'),
  housework: () => import('../streams/housework.ts'),
  memory: () => import('../storage/memory.ts'),
  packing: () => import('../storage/dexie/pack.ts'),
  past: () => import('../streams/past.ts'),
  processors: () => import('./processors.ts'),
  rescue: () => import('../storage/dexie/rescue.ts'),
  search: () => import('../streams/search.ts'),
  sweeping: () => import('../storage/dexie/sweep.ts'),
  sync: () => import('./syncing.ts'),
  turns: () => import('./exclusive.ts'),
  views: () => import('./views.ts'),
};

/**
 * Loads ahead what a page otherwise loads when it is first needed: sync, health, verify, export and housekeeping, earlier
 * states, and what views and processors run on. For a page that has to go on without a network and keeps no
 * copy of its files.
 * @throws StoreError `store.part-missing` if a file cannot be had
 */
export const loadParts = async (): Promise<void> => {
  await Promise.all(Object.entries(PARTS).map(([part, load]) => loadPart(part, load)));
};
