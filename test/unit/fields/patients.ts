/** A small application with protected fields: patients with a name, contacts, a score and a blinded treatment. */
import { setup } from 'xstate';
import { z } from 'zod';
import {
  type AggregateSnapshot,
  defineAggregate,
  defineEvent,
  defineView,
  isSealed,
  memoryStorage,
  type OpenedEventOf,
  openStore,
  protect,
  type Sealed,
  type StorageAdapter,
  type Store,
  type StoreOptions,
} from '../../../src/index.ts';
import { seededEntropy, simulatedTime } from '../../../src/testing/index.ts';
import { keyRing } from '../../support/keys.ts';

const subject = { key: 'subject' } as const;

const NamedSchema = z.strictObject({
  name: protect(z.string().min(1).max(200), subject),
  born: protect(z.iso.date(), subject).optional(),
  contacts: z.array(z.strictObject({ kind: z.string(), phone: protect(z.string(), subject) })).optional(),
});
const ScoredSchema = z.strictObject({ item: z.string(), score: protect(z.number().nullable(), subject) });
const TreatedSchema = z.strictObject({
  visit: z.int(),
  treatment: protect(z.enum(['verum', 'placebo']), { key: 'group', name: 'treatment' }),
});
const ScannedSchema = z.strictObject({ scan: protect(z.instanceof(Uint8Array), subject) });

const events = {
  Named: defineEvent({ version: 1, schema: NamedSchema, touches: () => ['name'] }),
  Scored: defineEvent({ version: 1, schema: ScoredSchema, touches: ({ item }) => [item] }),
  Treated: defineEvent({ version: 1, schema: TreatedSchema, touches: () => ['treatment'] }),
  Scanned: defineEvent({ version: 1, schema: ScannedSchema }),
  Closed: defineEvent({ version: 1, schema: z.strictObject({}) }),
};
export type PatientEvent = OpenedEventOf<typeof events>;

export type PatientContext = {
  readonly name: string | Sealed;
  readonly phones: readonly (string | Sealed)[];
  readonly scores: Readonly<Record<string, number | null | Sealed>>;
  readonly treatment: string | Sealed;
  readonly scanBytes: number;
};

const patients = setup({ types: { context: {} as PatientContext, events: {} as PatientEvent } });
const named = patients.assign(({ event }) =>
  event.type === 'Named' ? { name: event.name, phones: (event.contacts ?? []).map(({ phone }) => phone) } : {},
);
const scored = patients.assign(({ context, event }) =>
  event.type === 'Scored' ? { scores: { ...context.scores, [event.item]: event.score } } : {},
);
const treated = patients.assign(({ event }) => (event.type === 'Treated' ? { treatment: event.treatment } : {}));
const firstByte = (scan: { readonly at?: (index: number) => number | undefined }): number => {
  if (scan.at === undefined) throw new TypeError('no bytes');
  return scan.at(0) ?? -1;
};
/** Asks for something that a placeholder does not have. */
const scanned = patients.assign(({ event }) =>
  event.type === 'Scanned' ? { scanBytes: firstByte(isSealed(event.scan) ? {} : event.scan) } : {},
);

export const Patient = defineAggregate({
  type: 'patient',
  subjectOf: (id) => id.split('/')[0] ?? id,
  events,
  machine: patients.createMachine({
    context: { name: '', phones: [], scores: {}, treatment: '', scanBytes: 0 },
    initial: 'open',
    states: {
      open: {
        on: {
          Named: { actions: named },
          Scored: { actions: scored },
          Treated: { actions: treated },
          Scanned: { actions: scanned },
          Closed: 'closed',
        },
      },
      closed: {},
    },
  }),
});

export const names = defineView({
  name: 'names',
  of: Patient,
  row: ({ id, context }: AggregateSnapshot<PatientContext>) => ({
    id,
    name: isSealed(context.name) ? `[${context.name.$sealed}]` : context.name,
  }),
});

/** A text that must be found nowhere. */
export const MARKER = 'Planted-Marker-7731';

let devices = 0;

export const openClinic = async (
  options: Partial<StoreOptions> & { readonly storage?: StorageAdapter } = {},
): Promise<Store> => {
  devices += 1;
  const time = simulatedTime();
  return openStore({
    name: `clinic-${devices}`,
    tenant: 'acme-042',
    aggregates: [Patient],
    views: [names],
    actor: () => ({ userId: 'nurse-1', role: 'site' }),
    storage: memoryStorage(),
    keys: { source: keyRing(devices).source() },
    clock: time.clock,
    entropy: seededEntropy(1_000 + devices),
    scheduler: time.scheduler,
    ...options,
  });
};
