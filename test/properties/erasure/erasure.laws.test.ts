/** The course of an erasure as an auditor reads it, against the machine that decides on a device. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Erasure } from '../../../src/clinical.ts';
import type { MachineState } from '../../../src/core/aggregate.ts';
import type { CommitContext, EventBody } from '../../../src/core/envelope.ts';
import { type ErasureEvent, erasureFault, erasureStream, foldErasure } from '../../../src/core/erasure.ts';
import { eventId, eventType, replicaId, tenantId, userId } from '../../../src/core/ids.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { sequence } from '../../../src/core/position.ts';
import type { VersionVector } from '../../../src/core/versionVector.ts';

const REPLICAS = ['a', 'b', 'c'].map((letter) => replicaId(letter.repeat(32)));
const KEY = `${'A'.repeat(42)}A`;
const PLACE = { stream: 'patient/17', event: '019500a0-0000-7000-8000-000000000001', path: '/name', key: KEY };
const STREAM = erasureStream('e1');

type Made = {
  readonly type: string;
  readonly payload: JsonObject;
  readonly actor?: string;
  readonly replica?: number;
  readonly basis?: VersionVector;
  readonly reason?: string;
};

let made = 0;

const eventOf = (
  { type, payload, actor = 'ada', replica = 0, basis = {}, reason = 'because' }: Made,
  at: number,
): ErasureEvent => {
  made += 1;
  const body: EventBody = {
    id: eventId(`019500a0-0000-7000-8000-${made.toString(16).padStart(12, '0')}`),
    ...{ stream: STREAM, type: eventType(type), schema: 1, sequence: sequence(at + 1), basis, payload },
    ...(reason === '' ? {} : { reason }),
  };
  const context: CommitContext = {
    ...{ format: 1, tenant: tenantId('acme-042'), replica: REPLICAS[replica] ?? replicaId('f'.repeat(32)) },
    actor: { user: userId(actor), role: 'site' },
    recordedAt: { utc: '2026-03-01T10:15:30.250Z', offsetMin: 0, zone: 'UTC', uptimeMs: 1 },
    ...{ receipt: null, software: { store: '0', registry: '0' } },
  };
  return { body, context };
};

const request = (by: string): Made => ({
  type: 'ErasureRequested',
  payload: { by, target: { kind: 'values', places: [PLACE] } },
  actor: by,
});
const refusal = (by: string): Made => ({ type: 'ErasureRefused', payload: { by, ground: 'trial-record' }, actor: by });
const approval = (by: string, alone: boolean): Made => ({
  type: 'ErasureApproved',
  payload: { by, alone },
  actor: by,
});
const done = (type: 'ErasureCarriedOut' | 'ErasureConfirmed'): Made => ({
  type,
  payload: { replica: 'a'.repeat(32), keys: [KEY] },
  reason: '',
});

const person = fc.constantFrom('ada', 'bea');
const step: fc.Arbitrary<Made> = fc.oneof(
  person.map(request),
  person.map(refusal),
  fc.tuple(person, fc.boolean()).map(([by, alone]) => approval(by, alone)),
  fc.constantFrom('ErasureCarriedOut' as const, 'ErasureConfirmed' as const).map(done),
);
const usual = [request('ada'), approval('bea', false), done('ErasureCarriedOut'), done('ErasureConfirmed')];
/** Courses that get somewhere more often than chance would. */
const steps = fc
  .tuple(fc.integer({ min: 0, max: usual.length }), fc.array(step, { maxLength: 6 }))
  .map(([take, more]) => [...usual.slice(0, take), ...more]);

const machineAfter = (events: readonly ErasureEvent[]): { state: MachineState; refused: number } => {
  let { initial: state } = Erasure.replay;
  let refused = 0;
  for (const { body } of events) {
    const next = Erasure.replay.next(state, { ...body.payload, type: body.type });
    if (next === undefined) refused += 1;
    else state = next;
  }
  return { state, refused };
};

const NAMES = {
  unknown: 'unasked',
  requested: 'requested',
  refused: 'refused',
  approved: 'approved',
  carriedOut: 'carriedOut',
};

describe('the course of an erasure', () => {
  it('is that of the machine, for whatever one device records one after the other [ERA-01]', () => {
    fc.assert(
      fc.property(steps, (chosen) => {
        const events = chosen.map(eventOf);
        const { course, contested, ineffective } = foldErasure(events);
        const { state, refused } = machineAfter(events);
        expect(state.value).toBe(NAMES[course.state]);
        expect(ineffective).toHaveLength(refused);
        expect(contested).toBe(false);
        expect(state.context).toMatchObject({ doneBy: course.done.map(({ replica }) => replica) });
      }),
    );
  });

  it('does not depend on the order in which its events arrive [ERA-01]', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.nat({ max: 2 }), fc.nat({ max: 6 })), { maxLength: 7 }),
        fc.func(fc.nat()),
        (chosen, order) => {
          const counts = [0, 0, 0];
          const events = chosen.map(([one, replica, known]) => {
            const basis = Object.fromEntries(
              REPLICAS.flatMap((id, at) => {
                const seen = Math.min(known, counts[at] ?? 0);
                return seen === 0 || at === replica ? [] : [[id, sequence(seen)]];
              }),
            );
            const at = counts[replica] ?? 0;
            counts[replica] = at + 1;
            return eventOf({ ...one, replica, basis }, at);
          });
          const shuffled = [...events].sort((a, b) => order(a.body.id) - order(b.body.id));
          expect(foldErasure(shuffled).course).toEqual(foldErasure(events).course);
          expect(foldErasure(shuffled).contested).toBe(foldErasure(events).contested);
        },
      ),
    );
  });

  it('is contested while people have decided without knowing of each other, and a refusal outweighs [ERA-02]', () => {
    const asked = eventOf(request('ada'), 0);
    const seen = { [REPLICAS[0] ?? '']: sequence(1) };
    const yes = eventOf({ ...approval('bea', false), replica: 1, basis: seen }, 0);
    const no = eventOf({ ...refusal('cyd'), replica: 2, basis: seen }, 0);
    expect(foldErasure([asked, yes, no])).toMatchObject({ contested: true, course: { state: 'refused' } });
    const all = { ...seen, [REPLICAS[1] ?? '']: sequence(1), [REPLICAS[2] ?? '']: sequence(1) };
    const settled = eventOf({ ...refusal('dan'), basis: all }, 1);
    const resolves = [yes.body.id, no.body.id];
    const settling = { ...settled, body: { ...settled.body, resolves } };
    expect(foldErasure([asked, yes, no, settling])).toMatchObject({ contested: false, course: { state: 'refused' } });
  });

  it('calls nothing unlawful that was destroyed under an approval, by a device that knew of no refusal, whoever sorts first [ERA-02]', () => {
    const [first, second, third] = REPLICAS;
    const asked = eventOf(request('ada'), 0);
    const seen = { [first ?? '']: sequence(1) };
    // Who sorts first depends on the replicas: both orders are tried.
    for (const [approving, refusing] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const yes = eventOf({ ...approval('bea', false), replica: approving, basis: seen }, 0);
      const no = eventOf({ ...refusal('cyd'), replica: refusing, basis: seen }, 0);
      const replica = String(REPLICAS[approving]);
      const gone = (basis: VersionVector) =>
        eventOf({ ...done('ErasureCarriedOut'), payload: { replica, keys: [KEY] }, replica: approving, basis }, 1);
      const all = { ...seen, [second ?? '']: sequence(1), [third ?? '']: sequence(1) };
      const meanwhile = foldErasure([asked, yes, no, gone(seen)]);
      expect(meanwhile.course.state).toBe('refused');
      expect(meanwhile.ineffective.filter(({ unlawful }) => unlawful)).toEqual([]);
      expect(meanwhile.ineffective.map(({ what }) => what)).toContain('refused meanwhile');
      const despite = foldErasure([asked, yes, no, gone(all)]);
      expect(despite.ineffective.filter(({ unlawful }) => unlawful)).toHaveLength(1);
    }
  });

  it('takes nobody for another person than the one who acted, and nothing without a justification [ERA-02]', () => {
    const forged = [
      { ...request('ada'), actor: 'eve' },
      { ...approval('bea', false), actor: 'ada' },
      { ...refusal('bea'), actor: 'eve' },
      { ...approval('bea', false), reason: '' },
      { ...request('ada'), reason: '' },
      { ...done('ErasureCarriedOut'), replica: 1 },
    ];
    for (const one of forged) expect(erasureFault(eventOf(one, 0)), one.type).toBeDefined();
    const events = [request('ada'), { ...approval('bea', false), actor: 'ada' }, done('ErasureCarriedOut')].map(
      eventOf,
    );
    const { course, ineffective } = foldErasure(events);
    expect(course.state).toBe('requested');
    expect(ineffective.map(({ unlawful }) => unlawful)).toEqual([false, true]);
  });

  it('reads whatever stands in its events without an exception, and takes no other form for its own [ERA-01]', () => {
    const json: fc.Arbitrary<JsonValue> = fc.oneof(
      fc.constantFrom(null, 1, '', KEY, 'values', 'subject', [], {}),
      fc.string(),
    );
    const payload = fc.dictionary(fc.constantFrom('by', 'target', 'ground', 'alone', 'replica', 'keys', 'x'), json);
    const type = fc.constantFrom(...usual.map((one) => one.type), 'ErasureRefused', 'Other');
    fc.assert(
      fc.property(fc.array(fc.tuple(type, payload), { maxLength: 5 }), (chosen) => {
        const events = chosen.map(([name, members], at) => eventOf({ type: name, payload: members }, at));
        const { course } = foldErasure(events);
        expect(['unknown', 'requested']).toContain(course.state);
        if (course.state === 'requested') expect(course.target).toMatchObject({ kind: 'subject' });
      }),
    );
  });
});
