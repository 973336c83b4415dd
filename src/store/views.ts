/** The views and rollups of an open store. Loaded where any are registered, while the database opens. */
import { merge, of } from 'rxjs';
import { openViews } from '../streams/liveView.ts';
import { aggregatesAsOf } from '../streams/past.ts';
import type { Session } from './session.ts';
import type { StoreOptions } from './types.ts';

/** What a view throws is told globally and keeps no other from its rows, nor the store from opening. */
export const startViews = (session: Session, definitions: NonNullable<StoreOptions['views']>) => {
  const { rebuilding } = session;
  const views = openViews(definitions, {
    snapshotOf: session.snapshot,
    isStale: session.isTypeStale,
    pastSnapshots: (at, types) => {
      const readerOf = (type: string) => (types.has(type) ? session.states.reader(type) : undefined);
      return aggregatesAsOf(at, { log: session.log, readerOf, isDamaged: session.damaged.has });
    },
  });
  const streams = new Set(session.states.streams());
  const following = merge(of(streams), session.changed$).subscribe(views.advance);
  const ended = rebuilding.status$.subscribe(({ state }) => state === 'current' && views.refresh());
  const clear = (): void => {
    following.unsubscribe();
    ended.unsubscribe();
    views.clear();
  };
  return { views, clear };
};
