/** The product with one thing of views and kept states broken: the laws of whole stores have to notice. */
import type { Mutant } from '../../support/mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'an index keeps the rows that were',
    file: 'src/projections/table.ts',
    from: 'index.change(removed, added)',
    to: 'index.change([], added)',
  },
  {
    name: 'a row stays whose view shows none any more',
    file: 'src/projections/table.ts',
    from: 'if (after === undefined) rows.delete(key);',
    to: 'if (after === undefined) continue;',
  },
  {
    name: 'a rollup does not take away what a row was',
    file: 'src/projections/groups.ts',
    from: "take(key, before, 'remove');",
    to: '',
  },
  {
    name: 'a query is not told of the rows it is joined with',
    file: 'src/streams/liveQuery.ts',
    from: 'const isTouched = touchedBy(shape, of);',
    to: 'const isTouched = untouched;',
  },
  {
    name: 'a page that lost a row is not filled again',
    file: 'src/streams/liveQuery.ts',
    from: 'return again();',
    to: 'return next;',
  },
  {
    name: 'a page begins with the last row of the one before',
    file: 'src/projections/query.ts',
    from: 'compare(cursor, entry) < 0)',
    to: 'compare(cursor, entry) <= 0)',
  },
  {
    name: 'a stream is not folded anew for what comes late',
    file: 'src/streams/tracker.ts',
    from: 'if (stale.has(entry.stream) || !fold(entry, event, steps)) stale.add(entry.stream);',
    to: 'fold(entry, event, steps);',
  },
  {
    name: 'what comes late is folded as if it came last',
    file: 'src/core/fold.ts',
    from: 'isNew && !fold.cyclic && hasSeenAll(event, fold.frontier)',
    to: 'isNew',
  },
  {
    name: 'a stream in conflict is folded anew without what came last',
    file: 'src/streams/aggregateState.ts',
    from: 'kept.take(batch);',
    to: '',
  },
  {
    name: 'kept states are taken for those of other rules',
    file: 'src/streams/snapshot.ts',
    from: 'isStale: head.rules !== rules,',
    to: 'isStale: false,',
  },
  {
    name: 'the first event behind kept states is passed over',
    file: 'src/streams/tracker.ts',
    from: 'event.position < known.size',
    to: 'event.position <= known.size',
  },
  {
    name: 'folding anew goes on behind where it was cut off',
    file: 'src/streams/rebuilding.ts',
    from: 'names: keeping.names, breathe }, scan, at)',
    to: 'names: keeping.names, breathe }, scan, keeping.to)',
  },
  {
    name: 'what was erased is shown until the store is opened again',
    file: 'src/store/protectedFields.ts',
    from: 'void parts.states.refold(fields.isAffected)',
    to: 'void parts.states.refold(() => false)',
  },
  {
    name: 'an append that failed is taken for one that was stored',
    file: 'src/streams/storing.ts',
    from: 'await storage.append(requestOf(oldest.first, commits, {}));',
    to: "await storage.append(requestOf(oldest.first, commits, {})).catch(() => ({ kind: 'appended', records: [oldest.first], durability }));",
  },
];
