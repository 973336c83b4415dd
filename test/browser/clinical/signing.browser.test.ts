/**
 * Electronic signatures where they are made: every law of signing, of its sessions and of its devices runs here too; and a session
 * over a real vault, database and WebCrypto key is broken in each way, without a network.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  confirmAccountability,
  ElectronicSignature,
  enrolSigner,
  Form,
  openSigningSession,
  SignatureIndex,
  Signer,
  signaturesOf,
  signRecords,
} from '../../../src/clinical.ts';
import { isStoreError, openStore, type Store } from '../../../src/index.ts';
import { type KeySession, openVault, signBytes, type Vault } from '../../../src/keys.ts';
import { simulatedTime } from '../../../src/testing/index.ts';
import '../../unit/clinical/devices.test.ts';
import '../../unit/clinical/signing.test.ts';
import '../../unit/clinical/signingSession.test.ts';

const IDLE_MS = 600_000;
const ADA = { user: 'ada', passphrase: 'correct horse battery' };
const BEA = { user: 'bea', passphrase: 'staple of the sea' };
type Person = typeof ADA;
const full = ({ user, passphrase }: Person) => ({ user, secret: passphrase });

const { fetch } = globalThis;
beforeEach(() => {
  globalThis.fetch = () => Promise.reject(new TypeError('offline'));
});
afterEach(() => {
  globalThis.fetch = fetch;
});

const handOf = async (vault: Vault, { user, passphrase }: Person) => {
  const key = await vault.signingKey({ user, passphrase });
  return { publicKey: key.publicKey, sign: (message: Uint8Array<ArrayBuffer>) => signBytes(key, message) };
};

const signingOver = (vault: Vault, keys: KeySession) => {
  const time = simulatedTime();
  const session = openSigningSession<string>({
    authenticate: ({ user, secret }) => handOf(vault, { user, passphrase: secret }),
    ...{ clock: time.clock, idleMs: IDLE_MS, lockedBy: keys },
  });
  return { time, session };
};

const open = (name: string, keys: KeySession): Promise<Store> =>
  openStore({
    ...{ name, tenant: 'acme-042', aggregates: [Form, Signer, ElectronicSignature], views: [SignatureIndex], keys },
    actor: () => ({ userId: keys.user, role: 'investigator' }),
  });

type Desk = ReturnType<typeof signingOver> & { readonly store: Store };

/** Signs the form as it stands. */
const signWith = ({ store, session }: Desk, components: { readonly user?: string; readonly secret: string }) => {
  const { version } = store.aggregate(Form, 'f1').state();
  return signRecords(store, {
    ...{ session, components, meaning: 'approved', statement: 'I approve this form.', identityRequired: false },
    records: [{ of: Form, id: 'f1', version, statusTypes: [] }],
  });
};

const outcomeOf = async (signing: ReturnType<typeof signWith>): Promise<string> => {
  try {
    const outcome = await signing;
    return outcome.kind === 'refused' ? outcome.why : outcome.kind;
  } catch (error) {
    return isStoreError(error) ? error.code : String(error);
  }
};

/** A device with two people, who are signers; Ada is at it. */
const site = async () => {
  const name = `signing-${crypto.randomUUID()}`;
  const vault = openVault({ name, idleMinutes: 60 });
  const ada = await vault.create(ADA);
  await ada.makeWrappingKey('study');
  await vault.enrol(ada, BEA, { share: ['study'] });
  const store = await open(name, ada);
  for (const person of [ADA, BEA]) {
    const enrolment = { id: person.user, printedName: `Dr ${person.user}`, identity: null };
    await enrolSigner(store, enrolment, await handOf(vault, person));
  }
  await confirmAccountability(store, 'I am accountable for what I sign.');
  const item = { group: 'VITALS', groupRepeat: '', item: 'SYSBP', value: '120', entry: 'keyed' } as const;
  await store.aggregate(Form, 'f1').send({ type: 'ItemRecorded', ...item });
  return { name, vault, ada, desk: { store, ...signingOver(vault, ada) } };
};

it('asks a real vault for all components first and after each break, offline, and each signature holds [SIG-08, SIG-09]', async () => {
  const { name, vault, ada, desk } = await site();
  const secret = { secret: ADA.passphrase };
  expect(await outcomeOf(signWith(desk, secret))).toBe('all-needed');
  expect(await outcomeOf(signWith(desk, full(ADA)))).toBe('signed');
  expect(await outcomeOf(signWith(desk, secret))).toBe('signed');

  desk.time.advance(IDLE_MS); // idle
  expect(await outcomeOf(signWith(desk, secret))).toBe('all-needed');
  expect(await outcomeOf(signWith(desk, full(ADA)))).toBe('signed');

  expect(await outcomeOf(signWith(desk, { secret: 'not what it is' }))).toBe('key.refused'); // a wrong secret
  expect(await outcomeOf(signWith(desk, secret))).toBe('all-needed');
  expect(await outcomeOf(signWith(desk, full(ADA)))).toBe('signed');

  const anew: Desk = { store: desk.store, ...signingOver(vault, ada) }; // the page was loaded anew
  expect(await outcomeOf(signWith(anew, secret))).toBe('all-needed');
  expect(await outcomeOf(signWith(anew, full(ADA)))).toBe('signed');

  await ada.lock(); // locked, and another user takes the device
  expect([desk.session.needs(), anew.session.needs()]).toEqual([{ parts: 'all' }, { parts: 'all' }]);
  const bea = await vault.unlock(BEA);
  const store = await open(name, bea);
  await confirmAccountability(store, 'I am accountable for what I sign.');
  const hers: Desk = { store, ...signingOver(vault, bea) };
  expect(await outcomeOf(signWith(hers, { secret: BEA.passphrase }))).toBe('all-needed');
  expect(await outcomeOf(signWith(hers, full(BEA)))).toBe('signed');

  const signatures = await signaturesOf(store, [{ of: Form, id: 'f1' }]);
  expect(signatures.map(({ printedName, state }) => [printedName, state])).toEqual([
    ...Array.from({ length: 5 }, () => ['Dr ada', 'intact']),
    ['Dr bea', 'intact'],
  ]);
  expect(await store.verify()).toMatchObject({ ok: true });
  await store.close();
  await bea.lock();
});
