/** Devices on which people sign, with keys of WebCrypto behind a secret each, and a server between them. */
import { filter, firstValueFrom } from 'rxjs';
import {
  type Components,
  confirmAccountability,
  ElectronicSignature,
  enrolSigner,
  Form,
  openSigningSession,
  type ShownRecord,
  SignatureIndex,
  Signer,
  type SigningHand,
  type SigningSession,
} from '../../../src/clinical.ts';
import { makeSigningKey, type SigningKey, sign } from '../../../src/crypto/signer.ts';
import type { AggregateDefinition, Store, Sync } from '../../../src/index.ts';
import {
  type SimulatedServer,
  type SimulatedTime,
  simulatedNetwork,
  simulatedTime,
} from '../../../src/testing/index.ts';
import { STATEMENT } from '../signing/people.ts';
import { openDevice } from '../store/trial.ts';

export const IDLE_MS = 600_000;
export const STATUS_TYPES = ['FormLocked', 'FormUnlocked'] as const;

export const handOf = (key: SigningKey): SigningHand => ({
  publicKey: key.publicKey,
  sign: (message) => sign(key, message),
});

/** Secrets and keys of the people of one site; a wrong secret is an error, as a vault makes it. */
export const makeSafe = () => {
  const people = new Map<string, { readonly secret: string; readonly key: SigningKey }>();
  return {
    add: async (user: string, key?: SigningKey): Promise<SigningKey> => {
      const made = key ?? (await makeSigningKey());
      people.set(user, { secret: `secret of ${user}`, key: made });
      return made;
    },
    authenticate: async ({
      user,
      secret,
    }: {
      readonly user: string;
      readonly secret: string;
    }): Promise<SigningHand> => {
      const known = people.get(user);
      if (known === undefined || known.secret !== secret) throw new Error('refused');
      return handOf(known.key);
    },
  };
};
export type Safe = ReturnType<typeof makeSafe>;

export type Desk = {
  readonly store: Store;
  readonly time: SimulatedTime;
  readonly session: SigningSession<string>;
  readonly actAs: (user: string) => void;
  readonly sync: Sync | undefined;
};

/** A device with a signing session. */
export const openDesk = async (
  safe: Safe,
  server?: SimulatedServer,
  name?: string,
  { form = Form, role = 'site' }: { readonly form?: AggregateDefinition; readonly role?: string } = {},
): Promise<Desk> => {
  const time = simulatedTime({ zone: { offsetMin: 60, name: 'Europe/Vienna' } });
  let user = 'nurse-1';
  const { store } = await openDevice({
    ...(name === undefined ? {} : { name }),
    ...{ aggregates: [form, Signer, ElectronicSignature], views: [SignatureIndex] },
    ...{ clock: time.clock, scheduler: time.scheduler, actor: () => ({ userId: user, role }) },
  });
  const sync =
    server === undefined
      ? undefined
      : store.sync({ url: 'https://server.invalid', transport: simulatedNetwork(server), network: 'offline' });
  return {
    store,
    time,
    session: openSigningSession({ authenticate: safe.authenticate, clock: time.clock, idleMs: IDLE_MS }),
    actAs: (next) => {
      user = next;
    },
    sync,
  };
};

export const exchange = async (...desks: readonly Desk[]): Promise<void> => {
  for (const { sync } of [...desks, ...desks]) {
    if (sync === undefined) continue;
    sync.setOnline(true);
    await firstValueFrom(sync.status$.pipe(filter(({ state }) => state === 'live')));
    sync.setOnline(false);
    await firstValueFrom(sync.status$.pipe(filter(({ state }) => state === 'offline')));
  }
};

export const record = async (
  { store }: Pick<Desk, 'store'>,
  item: string,
  value: string,
  form = 'f1',
): Promise<void> => {
  const payload = { group: 'VITALS', groupRepeat: '', item, value, entry: 'keyed' } as const;
  const outcome = await store
    .aggregate(Form, form)
    .send({ type: 'ItemRecorded', ...payload }, { reason: 'correction' });
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
};

/** The form as it stands, as somebody is shown it. */
export const shown = ({ store }: Desk, id = 'f1'): ShownRecord => ({
  ...{ of: Form, id, version: store.aggregate(Form, id).state().version },
  statusTypes: STATUS_TYPES,
});

export const full = (user: string): Components<string> => ({ user, secret: `secret of ${user}` });

/** Types of the events that a device records from here on, by batch: what is recorded together is in one. */
export const batchesOf = ({ store }: Pick<Desk, 'store'>): readonly (readonly string[])[] => {
  const batches: string[][] = [];
  store.committed$.subscribe(({ events }) => batches.push(events.map(({ body }) => body.type)));
  return batches;
};

/** Makes a person a signer: enrolled by an administrator, accountable by their own word. */
export const enrol = async (desk: Desk, safe: Safe, id: string, printedName: string): Promise<SigningKey> => {
  const key = await safe.add(id);
  desk.actAs('admin');
  const identity = { reference: `HR/${id}`, certifiedOn: '2026-01-05' };
  await enrolSigner(desk.store, { id, printedName, identity }, handOf(key));
  desk.actAs(id);
  await confirmAccountability(desk.store, STATEMENT);
  return key;
};

export const input = (desk: Desk, components: Components<string>) => ({
  ...{ session: desk.session, components, meaning: 'approved', statement: 'I approve this form.' },
  ...{ identityRequired: true, clock: desk.time.clock },
});
