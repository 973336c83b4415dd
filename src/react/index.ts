/** Hooks for React: a store, aggregates, views, sync and health as components read them. Names are listed by hand. */
export {
  type RebuildProgress,
  useAggregate,
  useAggregateValue,
  useConflicts,
  useHealth,
  useIsStale,
  useRebuild,
  useRows,
  useSyncStatus,
  useView,
  type ViewQuery,
} from './hooks.ts';
export { IndelibleProvider, type IndelibleProviderProps, useStore } from './provider.ts';
