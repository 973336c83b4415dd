/** Signers and electronic signatures as machines: every state against every event, what needs a reason, what conflicts. */
import { expect, it } from 'vitest';
import type { AggregateDefinition, MachineEvent, MachineState } from '../../../src/core/aggregate.ts';
import { type EventType, eventType } from '../../../src/core/ids.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { EVERYTHING, keysTouched } from '../../../src/core/schema.ts';
import { ElectronicSignature, Signer } from '../../../src/machines/clinical/index.ts';
import { CONTENT, PLACE } from '../signing/content.ts';
import { actOf, enrolment, keyIdOf, personOf, replacement, STATEMENT, wordFor } from '../signing/people.ts';
import { KEY_A, KEY_B } from '../support.ts';

const MAYER = await personOf('dr-mayer', 'Dr. Ana Mayer', KEY_A);
const RENAMED = await personOf('dr-mayer', 'Dr. Ana Huber', KEY_B);
const ACT = await actOf(PLACE, CONTENT, KEY_A);

const event = (type: string, payload: JsonObject = {}): MachineEvent => ({ ...payload, type });

const SIGNER_EVENTS = {
  SignerEnrolled: event('SignerEnrolled', await enrolment(MAYER)),
  SignerKeyReplaced: event('SignerKeyReplaced', await replacement(RENAMED, [MAYER])),
  SignerKeyProposed: event('SignerKeyProposed', await enrolment(RENAMED)),
  SignerKeyEndorsed: event('SignerKeyEndorsed', await wordFor(RENAMED, MAYER, 'self')),
  AccountabilityConfirmed: event('AccountabilityConfirmed', { statement: STATEMENT }),
  SignerDeactivated: event('SignerDeactivated'),
};
const SIGNATURE_EVENTS = {
  Signed: event('Signed', ACT),
  CounterSigned: event('CounterSigned', { ...ACT, signer: 'dr-weber' }),
  SignatureWithdrawn: event('SignatureWithdrawn', ACT),
};

const after = (definition: AggregateDefinition, ...events: readonly MachineEvent[]): MachineState =>
  events.reduce((state, each) => definition.replay.next(state, each) ?? state, definition.replay.initial);

type Table = Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;
const tableOf = (
  definition: AggregateDefinition,
  states: Readonly<Record<string, MachineState>>,
  events: Readonly<Record<string, MachineEvent>>,
): Table =>
  Object.fromEntries(
    Object.entries(states).map(([name, state]) => [
      name,
      Object.fromEntries(
        Object.entries(events).map(([type, each]) => {
          const next = definition.replay.next(state, each)?.value;
          return [type, next === undefined ? undefined : String(next)];
        }),
      ),
    ]),
  );

it('takes and refuses each event of a signer as its table says: an enrolled id is never enrolled again [SIG-03]', () => {
  const { SignerEnrolled, SignerKeyProposed, AccountabilityConfirmed, SignerDeactivated } = SIGNER_EVENTS;
  const states = {
    unknown: after(Signer),
    enrolled: after(Signer, SignerEnrolled),
    accountable: after(Signer, SignerEnrolled, AccountabilityConfirmed),
    proposed: after(Signer, SignerEnrolled, AccountabilityConfirmed, SignerKeyProposed),
    deactivated: after(Signer, SignerEnrolled, AccountabilityConfirmed, SignerDeactivated),
  };
  const none = {
    SignerEnrolled: undefined,
    SignerKeyReplaced: undefined,
    SignerKeyProposed: undefined,
    SignerKeyEndorsed: undefined,
    AccountabilityConfirmed: undefined,
    SignerDeactivated: undefined,
  };
  expect(tableOf(Signer, states, SIGNER_EVENTS)).toEqual({
    unknown: { ...none, SignerEnrolled: 'enrolled' },
    enrolled: {
      ...none,
      SignerKeyReplaced: 'enrolled',
      SignerKeyProposed: 'enrolled',
      AccountabilityConfirmed: 'accountable',
      SignerDeactivated: 'deactivated',
    },
    accountable: {
      ...none,
      SignerKeyReplaced: 'enrolled',
      SignerKeyProposed: 'enrolled',
      SignerDeactivated: 'deactivated',
    },
    proposed: {
      ...none,
      SignerKeyReplaced: 'enrolled',
      SignerKeyEndorsed: 'enrolled',
      AccountabilityConfirmed: 'accountable',
      SignerDeactivated: 'deactivated',
    },
    deactivated: none,
  });
});

it('takes and refuses each event of an electronic signature as its table says: nothing removes it [SIG-04]', () => {
  const { Signed, CounterSigned, SignatureWithdrawn } = SIGNATURE_EVENTS;
  const states = {
    unsigned: after(ElectronicSignature),
    signed: after(ElectronicSignature, Signed),
    counterSigned: after(ElectronicSignature, Signed, CounterSigned),
    withdrawn: after(ElectronicSignature, Signed, SignatureWithdrawn),
  };
  const none = { Signed: undefined, CounterSigned: undefined, SignatureWithdrawn: undefined };
  expect(tableOf(ElectronicSignature, states, SIGNATURE_EVENTS)).toEqual({
    unsigned: { ...none, Signed: 'signed' },
    signed: { ...none, CounterSigned: 'signed', SignatureWithdrawn: 'withdrawn' },
    counterSigned: { ...none, CounterSigned: 'signed', SignatureWithdrawn: 'withdrawn' },
    withdrawn: none,
  });
  const shown = { signer: 'dr-mayer', printedName: CONTENT.printedName, meaning: 'approved', at: CONTENT.at };
  expect(after(ElectronicSignature, Signed, CounterSigned, SignatureWithdrawn).context).toEqual({
    signed: shown,
    streams: CONTENT.records.map(({ stream }) => stream),
    counterSigned: [{ ...shown, signer: 'dr-weber' }],
    withdrawn: shown,
  });
});

it('knows the newest key, name and proof of identity of a signer [SIG-03]', () => {
  const { SignerEnrolled, SignerKeyReplaced } = SIGNER_EVENTS;
  const none = { proposed: [], words: [] };
  const known = { printedName: MAYER.printedName, key: keyIdOf(MAYER), identity: MAYER.identity, keys: 1, ...none };
  expect(after(Signer, SignerEnrolled).context).toEqual(known);
  const newest = { printedName: RENAMED.printedName, key: keyIdOf(RENAMED), identity: RENAMED.identity };
  expect(after(Signer, SignerEnrolled, SignerKeyReplaced).context).toEqual({ ...newest, keys: 2, ...none });
});

it('replays from a compiled table [SIG-04]', () => {
  expect([Signer.replay.compiled, ElectronicSignature.replay.compiled]).toEqual([true, true]);
});

it('asks for a reason where something ends [SIG-03, SIG-04]', () => {
  const asks = (definition: AggregateDefinition, events: readonly MachineEvent[]) =>
    events.filter((each) => definition.needsReason(each, {})).map(({ type }) => type);
  expect(asks(Signer, Object.values(SIGNER_EVENTS))).toEqual([
    ...['SignerKeyReplaced', 'SignerKeyProposed', 'SignerKeyEndorsed', 'SignerDeactivated'],
  ]);
  expect(asks(ElectronicSignature, Object.values(SIGNATURE_EVENTS))).toEqual(['SignatureWithdrawn']);
});

it('conflicts where two enrol one id at once, and merges counter-signatures of two people [SIG-03, SIG-04]', () => {
  const keysOf = (definition: AggregateDefinition, { type, ...payload }: MachineEvent) => {
    const name: EventType = eventType(type);
    const known = definition.events.get(name);
    return known === undefined ? [] : keysTouched(known, payload);
  };
  expect(keysOf(Signer, SIGNER_EVENTS.SignerEnrolled)).toEqual([EVERYTHING]);
  expect(keysOf(Signer, SIGNER_EVENTS.SignerKeyReplaced)).toEqual([EVERYTHING]);
  expect(keysOf(Signer, SIGNER_EVENTS.AccountabilityConfirmed)).toEqual(['accountability']);
  expect(keysOf(ElectronicSignature, SIGNATURE_EVENTS.CounterSigned)).toEqual(['counter/dr-weber']);
  expect(keysOf(ElectronicSignature, SIGNATURE_EVENTS.SignatureWithdrawn)).toEqual(['withdrawn']);
});
