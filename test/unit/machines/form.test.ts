/** The form: every state against every event, and what needs a reason. */
import { expect, it } from 'vitest';
import type { MachineEvent, MachineState } from '../../../src/core/aggregate.ts';
import { eventType } from '../../../src/core/ids.ts';
import { keysTouched, openPayload } from '../../../src/core/schema.ts';
import { FORM_STATUS_EVENTS, Form, itemKey } from '../../../src/machines/clinical/form.ts';
import { given } from '../../../src/testing/index.ts';

type FormEvent = NonNullable<(typeof Form)['types']>['events'];

const item = (name: string, value: string | null) => ({
  type: 'ItemRecorded' as const,
  group: 'VITALS',
  groupRepeat: '',
  item: name,
  value,
  entry: 'keyed' as const,
});
const LOCK: FormEvent = { type: 'FormLocked' };
const UNLOCK: FormEvent = { type: 'FormUnlocked' };
const SYS = itemKey({ group: 'VITALS', groupRepeat: '', item: 'BP.SYS' });

const after = (...events: readonly FormEvent[]) => given(Form, events).state;

const COMPLETED: FormEvent = { type: 'FormCompleted' };
const VERIFIED: FormEvent = { type: 'FormVerified' };
const SIGNED: FormEvent = { type: 'FormSigned', signature: 's1' };
const FROZEN: FormEvent = { type: 'FormFrozen' };

const SYSTOLIC = item('BP.SYS', '120');
const STATES: Readonly<Record<string, MachineState>> = {
  empty: after(),
  draft: after(SYSTOLIC),
  entered: after(SYSTOLIC, COMPLETED),
  verified: after(SYSTOLIC, COMPLETED, VERIFIED),
  signed: after(SYSTOLIC, COMPLETED, VERIFIED, SIGNED),
  frozen: after(SYSTOLIC, COMPLETED, VERIFIED, FROZEN),
  locked: after(SYSTOLIC, LOCK),
};
const EVENTS: Readonly<Record<string, MachineEvent>> = {
  ItemRecorded: item('BP.SYS', '121'),
  FormCompleted: COMPLETED,
  FormVerified: VERIFIED,
  FormSigned: SIGNED,
  FormFrozen: FROZEN,
  FormThawed: { type: 'FormThawed' },
  FormLocked: LOCK,
  FormUnlocked: UNLOCK,
  Unknown: { type: 'Unknown' },
};
/** Where each legal event leads; every other one is refused. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  empty: { ItemRecorded: 'draft' },
  draft: { ItemRecorded: 'draft', FormCompleted: 'entered', FormFrozen: 'frozen', FormLocked: 'locked' },
  entered: { ItemRecorded: 'entered', FormVerified: 'verified', FormFrozen: 'frozen', FormLocked: 'locked' },
  verified: { ItemRecorded: 'entered', FormSigned: 'signed', FormFrozen: 'frozen', FormLocked: 'locked' },
  signed: { ItemRecorded: 'entered', FormFrozen: 'frozen', FormLocked: 'locked' },
  frozen: { FormThawed: 'verified', FormLocked: 'locked' },
  locked: { FormUnlocked: 'entered' },
};

it('every state of the form takes and refuses each event as its table says [AGG-01, AGG-06]', () => {
  const found = Object.fromEntries(
    Object.entries(STATES).map(([name, state]) => [
      name,
      Object.fromEntries(Object.entries(EVENTS).map(([type, event]) => [type, Form.replay.next(state, event)?.value])),
    ]),
  );
  expect(found).toEqual(TABLE);
  expect(new Set(Object.values(STATES).map(({ value }) => value))).toEqual(new Set(Object.keys(TABLE)));
});

it('a frozen form goes on where it was, each time [AGG-06, CLN-08]', () => {
  const stages = [
    [SYSTOLIC],
    [SYSTOLIC, COMPLETED],
    [SYSTOLIC, COMPLETED, VERIFIED],
    [SYSTOLIC, COMPLETED, VERIFIED, SIGNED],
  ];
  const thawed: FormEvent = { type: 'FormThawed' };
  for (const steps of stages) {
    const { value, context } = after(...steps);
    const back = after(...steps, FROZEN, thawed, FROZEN, thawed);
    expect([back.value, back.context]).toEqual([value, { ...(context ?? {}), frozenAt: value }]);
  }
});

it('a signature is not touched by what changes no data of the form [CLN-08]', () => {
  const changing = [...Form.events.keys()].filter((type) => !FORM_STATUS_EVENTS.some((status) => status === type));
  expect(changing).toEqual(['ItemRecorded']);
});

it('each item keeps its newest value, and no other item changes [AGG-06]', () => {
  const { context } = after(item('BP.SYS', '120'), item('BP.DIA', null), item('BP.SYS', '125'));
  const DIA = itemKey({ group: 'VITALS', groupRepeat: '', item: 'BP.DIA' });
  expect(context).toEqual({ items: { [SYS]: '125', [DIA]: null } });
});

it('the first value of an item needs no reason, every later one and an unlocking do [AGG-06, REC-11]', () => {
  const asksFor = (event: FormEvent, ...before: readonly FormEvent[]) =>
    given(Form, before).when(event).refused('reason-required');
  given(Form).when(item('BP.SYS', '120')).leadsTo({ value: 'draft' });
  asksFor(item('BP.SYS', '121'), item('BP.SYS', '120'));
  asksFor(item('BP.SYS', '121'), item('BP.SYS', null));
  given(Form, [SYSTOLIC]).when(item('BP.DIA', '80')).leadsTo({ value: 'draft' });
  given(Form, [SYSTOLIC]).when(LOCK).leadsTo({ value: 'locked' });
  asksFor(UNLOCK, SYSTOLIC, LOCK);
});

it('the keys of two items never coincide, whatever their parts hold [CNF-01]', () => {
  const parts = ['', 'a', '/', '%2F', 'a/b', '%', ' ', 'ü'];
  const places = parts.flatMap((group) =>
    parts.flatMap((groupRepeat) => parts.map((name) => ({ group, groupRepeat, item: name }))),
  );
  expect(new Set(places.map(itemKey)).size).toBe(places.length);
});

it('an item touches its own key, a lock everything, and version 1 is read as not recorded [AGG-05, CNF-01]', () => {
  const recorded = Form.events.get(eventType('ItemRecorded'));
  const locked = Form.events.get(eventType('FormLocked'));
  if (recorded === undefined || locked === undefined) throw new Error('the form has lost an event');
  const { type, entry, ...old } = item('BP.SYS', '120');
  expect([type, entry]).toEqual(['ItemRecorded', 'keyed']);
  const opened = openPayload(recorded, { schema: 1, payload: old, trusted: false });
  expect(opened).toEqual({ kind: 'opened', payload: { ...old, entry: 'not-recorded' } });
  expect(keysTouched(recorded, { ...old, entry: 'keyed' })).toEqual([SYS]);
  expect(keysTouched(locked, {})).toEqual(['*']);
});
