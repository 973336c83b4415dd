/** The processors of an open store. Loaded where any are registered, while the database opens. */
import { StoreError } from '../core/errors.ts';
import type { ProcessorDefinition } from '../projections/processor.ts';
import { type Processor, startProcessor } from '../streams/processing.ts';
import type { Session } from './session.ts';

/** Each processor with the reader of its aggregates. @throws StoreError `aggregate.unknown-type` */
export const readersOf = ({ states }: Session, definitions: readonly ProcessorDefinition[]) =>
  definitions.map((definition) => {
    const reader = states.reader(definition.type);
    if (reader === undefined) throw new StoreError('aggregate.unknown-type', { type: definition.type });
    return { definition, reader };
  });

/** Every processor over the log, each by itself. */
export const startProcessors = (session: Session, known: ReturnType<typeof readersOf>) => {
  const { storage, log, scheduler, findings } = session;
  const started = new Map(
    known.map(({ definition, reader }) => {
      const alone = session.turns(`processor:${definition.name}`);
      const parts = { storage, log, reader, scheduler, alone, keepFinding: findings.keep };
      return [definition, startProcessor(definition, parts)] as const;
    }),
  );
  return {
    stop: async (): Promise<void> => {
      await Promise.all([...started.values()].map(({ stop }) => stop()));
    },
    of: (definition: ProcessorDefinition): Processor => {
      const found = started.get(definition);
      if (found === undefined) throw new StoreError('processor.unknown', { name: definition.name });
      return found;
    },
  };
};
