/**
 * An electronic signature as an aggregate, `electronicSignature/<id>`: signed once, counter-signed by others, perhaps
 * withdrawn by the signer. Nothing removes it: a withdrawal stands beside it, and later changes of the signed records are
 * found by comparison (`laterThan`), not recorded.
 *
 * ```
 * unsigned --Signed--> signed --CounterSigned--> signed --SignatureWithdrawn--> withdrawn
 * ```
 * Counter-signatures of different people merge, also with a withdrawal. One that a withdrawal precedes in the merged order is
 * inapplicable: kept, shown, without effect on the state. Whether an act is genuine is checked from its bytes (`crypto/checkAct.ts`).
 */
import { setup } from 'xstate';
import * as z from 'zod';
import { LIMITS } from '../../core/limits.ts';
import { defineEvent } from '../../core/schema.ts';
import { readSignedAct } from '../../crypto/signedAct.ts';
import { defineAggregate } from '../aggregate.ts';
import { isReadable } from './signer.ts';

/** What signatures usually mean; a study may configure other words. */
export const MEANINGS = ['authored', 'reviewed', 'approved', 'responsible'] as const;

const short = z.string().min(1).max(LIMITS.signedTextLengthMax);
const hash = z.hex().length(64);
const sequences = z.array(z.int().min(1)).min(1).max(LIMITS.signedEventsMax);

const ActSchema = z
  .strictObject({
    /** Id of the signer. */
    signer: short,
    /** As the key's enrolment has it. */
    printedName: short,
    /** One of `MEANINGS`, or as configured. */
    meaning: short,
    /** Device time: UTC, minutes east of it, IANA zone. */
    at: z.strictObject({ utc: z.iso.datetime(), offsetMin: z.int().min(-1_440).max(1_440), zone: short }),
    /** Hash of the statement as it was shown (`statementHash`), hex. */
    statement: hash,
    /** Every event signed: by stream, by replica, its sequence and its leaf hash (base64). */
    records: z
      .array(
        z.strictObject({
          stream: z.string().max(2 * LIMITS.idLengthMax + 1),
          /** Event types that change no data: they may follow without touching the signature. */
          statusTypes: z.array(z.string().max(LIMITS.idLengthMax)).max(LIMITS.touchesMax),
          runs: z
            .array(z.strictObject({ replica: z.hex().length(32), sequences, leaves: z.array(z.base64().length(44)) }))
            .min(1),
        }),
      )
      .min(1)
      .max(LIMITS.signedStreamsMax),
    /** Id of the signing key, and the leaf hashes of the events that enrolled it and that confirmed accountability. */
    key: hash,
    enrolled: hash,
    confirmed: hash,
    /** Ed25519 over all of it, base64. */
    signature: z.base64().length(88),
  })
  .refine((payload) => isReadable(() => readSignedAct(payload)), 'not an act of signing');

/** What is recorded of a signing, counter-signing or withdrawal. */
export type ActPayload = z.infer<typeof ActSchema>;

type SignatureEvent = { readonly type: 'Signed' | 'CounterSigned' | 'SignatureWithdrawn' } & ActPayload;

/** An act as it is shown; whether it holds is for `signaturesOf` to say. */
export type ShownAct = Pick<ActPayload, 'signer' | 'printedName' | 'meaning' | 'at'>;

export type SignatureContext = {
  readonly signed: ShownAct | null;
  /** The streams that were signed. */
  readonly streams: readonly string[];
  readonly counterSigned: readonly ShownAct[];
  readonly withdrawn: ShownAct | null;
};

const signatures = setup({ types: { context: {} as SignatureContext, events: {} as SignatureEvent } });

const shown = ({ signer, printedName, meaning, at }: SignatureEvent): ShownAct => ({
  signer,
  printedName,
  meaning,
  at,
});

const noteSigned = signatures.assign(({ event }) => ({
  signed: shown(event),
  streams: event.records.map(({ stream }) => stream),
}));
const noteCounterSigned = signatures.assign(({ context, event }) => ({
  counterSigned: [...context.counterSigned, shown(event)],
}));
const noteWithdrawn = signatures.assign(({ event }) => ({ withdrawn: shown(event) }));

const machine = signatures.createMachine({
  id: 'electronicSignature',
  context: { signed: null, streams: [], counterSigned: [], withdrawn: null },
  initial: 'unsigned',
  states: {
    unsigned: { on: { Signed: { target: 'signed', actions: noteSigned } } },
    signed: {
      on: {
        CounterSigned: { actions: noteCounterSigned },
        SignatureWithdrawn: { target: 'withdrawn', actions: noteWithdrawn },
      },
    },
    withdrawn: {},
  },
});

/** One electronic signature; the aggregate's id is a UUID. */
export const ElectronicSignature = defineAggregate({
  type: 'electronicSignature',
  events: {
    Signed: defineEvent({ version: 1, schema: ActSchema }),
    CounterSigned: defineEvent({ version: 1, schema: ActSchema, touches: ({ signer }) => [`counter/${signer}`] }),
    SignatureWithdrawn: defineEvent({ version: 1, schema: ActSchema, touches: () => ['withdrawn'] }),
  },
  machine,
  needsReason: (event) => event.type === 'SignatureWithdrawn',
});
