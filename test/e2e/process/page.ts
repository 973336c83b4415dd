/** A page whose test takes away the process behind its database, and asks it what the store says then. */
import { isStoreError, type Store } from '../../../src/index.ts';
import { inspect, openNotes } from '../crash/inspect.ts';
import { Note, noteOf } from '../crash/note.ts';

const NAME = 'trial';
let store: Store | undefined;

const codeOf = (error: unknown): string => (isStoreError(error) ? error.code : String(error));

/** What `work` came to: its answer, or the code that it failed with. */
const said = (work: () => Promise<string>): Promise<string> => work().catch(codeOf);

const trial = {
  open: () =>
    said(async () => {
      store = await openNotes(NAME);
      return 'open';
    }),
  /** `committed`: the event was acknowledged as durable. */
  send: (tag: string) =>
    said(async () => {
      const outcome = await store?.aggregate(Note, 'subject').send(noteOf('subject', tag).event);
      return outcome?.kind ?? 'not open';
    }),
  /** What a store that is opened beside it finds: the tags of all events, and whatever is wrong. */
  found: async () => {
    const { tags, faults, loss } = await inspect('appends one at a time', NAME);
    return { tags, faults, loss };
  },
};

Object.assign(globalThis, { trial });
