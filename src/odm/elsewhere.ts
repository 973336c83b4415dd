/** Parts of a file that another reader reads: counted, so that a caller sees that they are there. */
import type { Elsewhere } from './metadataModel.ts';
import type { Place } from './notices.ts';

/** An empty count. */
export const createElsewhere = (): { note(place: Place): void; list(): readonly Elsewhere[] } => {
  const found = new Map<string, { readonly line: number; count: number }>();
  return {
    note: ({ path, line }) => {
      const known = found.get(path);
      if (known === undefined) found.set(path, { line, count: 1 });
      else known.count += 1;
    },
    list: () => [...found].map(([path, { line, count }]) => ({ path, count, line })),
  };
};
