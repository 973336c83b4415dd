/** The server judges by the list that is in its database, whatever it kept between pushes: as a fold of what it has taken does. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readStreamId, tenantId } from '../../../src/core/ids.ts';
import { Access, ADMINISTRATION } from '../../../src/machines/clinical/index.ts';
import { push } from '../../../src/server/sequencer.ts';
import { accessBook } from '../../../src/streams/accessBook.ts';
import { type Bed, makeBeds } from '../../unit/server/bed.ts';
import { type EventChange, makeDevice } from '../../unit/server/device.ts';

let beds: readonly Bed[] = [];
beforeAll(async () => {
  beds = await makeBeds();
}, 60_000);
afterAll(async () => {
  for (const { close } of beds) await close();
}, 60_000);

const user = fc.constantFrom('ada', 'bea', 'cy');
const change: fc.Arbitrary<Pick<EventChange, 'type' | 'payload'>> = fc.oneof(
  fc.constant({}),
  fc.record({
    type: fc.constant('UserAdded'),
    payload: fc.record({ user, role: fc.constant('r'), site: fc.constant(null) }),
  }),
  fc.record({ type: fc.constant('UserRemoved'), payload: fc.record({ user }) }),
  fc.record({ type: fc.constant('AccessGiven'), payload: fc.record({ user, name: fc.constant(ADMINISTRATION) }) }),
);
const step = fc.record({ by: fc.nat(2), changes: fc.array(change, { minLength: 1, maxLength: 3 }) });

let tenants = 0;

it('gives each commit the verdict of the list as it stands at its place, on every database [ACC-09]', async () => {
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      for (const { world } of beds) {
        tenants += 1;
        const tenant = tenantId(`acme-${tenants}`);
        const devices = await Promise.all(['ada', 'bea', 'cy'].map((name) => makeDevice({ tenant, user: name })));
        let book = accessBook(Access, tenant);
        for (const { by, changes } of steps) {
          const device = devices[by];
          if (device === undefined) continue;
          const stream = readStreamId(`access/${tenant}`);
          const events = changes.map((each) => (each.type === undefined ? {} : { ...each, stream }));
          const draft = await device.draft(events);
          const expected = book.judge(draft);
          const isTaken = expected?.isRefused !== true;
          const commit = isTaken ? await device.seal(...events) : draft;
          const { verdicts } = await push(world, tenant, [commit.bytes]);
          expect(verdicts.map((verdict) => ('code' in verdict ? verdict.code : verdict.kind))).toEqual([
            isTaken ? 'accepted' : expected.code,
          ]);
          if (isTaken) book = book.after(commit);
          else refusals += 1;
        }
      }
    }),
    { numRuns: 12 },
  );
  expect(refusals).toBeGreaterThan(10);
});
