/** The writer of a session, and the succession of replicas that it follows. */
import type { CommitContext } from '../core/envelope.ts';
import type { Clock, Entropy } from '../core/ports.ts';
import { eventIds } from '../core/uuid.ts';
import type { Identity } from '../storage/port.ts';
import type { AggregateStates } from '../streams/aggregateState.ts';
import { type DamagedStreams, sparingDamaged } from '../streams/damagedStreams.ts';
import type { Fields } from '../streams/fields.ts';
import type { Log } from '../streams/log.ts';
import type { PastDamage } from '../streams/pastDamage.ts';
import { openWriter, type Writer } from '../streams/writer.ts';
import { platformSealer } from '../worker/index.ts';
import type { OwnBasis } from './basis.ts';
import { newIdentity } from './identity.ts';
import { systemScheduler } from './platform.ts';
import { sealingWriter } from './sealedWrites.ts';
import { openSuccession, type Succession } from './succession.ts';

export type WritingParts = {
  readonly storage: PastDamage;
  readonly damaged: DamagedStreams;
  readonly log: Log;
  readonly states: AggregateStates;
  /** Who writes when the session begins. */
  readonly first: Identity;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly basis: OwnBasis;
  /** Where events have protected fields. */
  readonly fields: Fields | undefined;
  readonly provenance: () => Pick<CommitContext, 'receipt' | 'software'>;
  /** Told before a new replica seals anything. */
  readonly onSuccession: (identity: Identity) => Promise<void>;
};

/** Each needs the other: the writer asks who writes, and a closing is written like any event. */
export const openWriting = (parts: WritingParts): { readonly writer: Writer; readonly succession: Succession } => {
  const { storage, damaged, log, states, first, clock, entropy, provenance, basis, fields, onSuccession } = parts;
  const succession = openSuccession({
    ...{ storage, log, states, first, onSuccession },
    closings: basis.closings,
    newIdentity: () => newIdentity(storage, first.tenant, clock),
    writer: () => writer,
  });
  let readAs = basis.fingerprint();
  succession.closings$.subscribe((closings) => {
    basis.follow(closings, succession.identity().replica);
    if (basis.fingerprint() === readAs) return;
    readAs = basis.fingerprint();
    void states.refold(() => true).catch(() => undefined); // what was folded by the rule of before; told by whoever reads next
  });
  const writer = openWriter({
    ...{ storage, log, states, clock, provenance, succession },
    sealer: platformSealer(systemScheduler),
    basis: basis.rule,
    ...(fields === undefined ? {} : { fields }),
    nextId: eventIds(clock, entropy),
    get identity() {
      return succession.identity();
    },
  });
  const sealing = fields === undefined ? writer : sealingWriter(writer, fields);
  return { writer: sparingDamaged(sealing, storage, damaged, states), succession };
};
