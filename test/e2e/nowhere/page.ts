/**
 * In the page: a person unlocks, records planted words in protected fields, syncs, exports, runs into every kind of error,
 * and locks. Every secret that passes through WebCrypto meanwhile is noted, so that it can be searched for, too.
 */
import { setup } from 'xstate';
import { z } from 'zod';
import { defineAggregate, defineEvent, isStoreError, openStore, protect, type Store } from '../../../src/index.ts';
import { type KeySession, openVault } from '../../../src/keys.ts';
import type { Words } from './words.ts';

const AdmittedSchema = z.strictObject({
  room: z.string().max(100),
  name: protect(z.string().max(100), { key: 'subject' }),
  contacts: z.array(z.strictObject({ phone: protect(z.string().max(100), { key: 'subject' }) })),
  arm: protect(z.string().max(100), { key: 'group', name: 'treatment', sizeMax: 402 }),
});
type Admitted = { readonly type: 'Admitted' } & z.infer<typeof AdmittedSchema>;
const patients = setup({ types: { context: {} as { readonly last: unknown }, events: {} as Admitted } });
const Patient = defineAggregate({
  type: 'patient',
  events: { Admitted: defineEvent({ version: 1, schema: AdmittedSchema }) },
  machine: patients.createMachine({
    context: { last: '' },
    initial: 'in',
    states: { in: { on: { Admitted: { actions: patients.assign(({ event }) => ({ last: event.name })) } } } },
  }),
});

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value instanceof Uint8Array ? value : undefined;
};

const secrets = new Set<string>();
const note = (bytes: Uint8Array): void => {
  if (bytes.length >= 16 && new Set(bytes).size > 4) secrets.add(hex(bytes));
};

/** What a key is made of, and what a wrap holds: 32 bytes of zeros and a secret, or the secret alone. */
const noteOpened = (opened: Uint8Array): void => {
  const isWrap = opened.length >= 48 && opened.subarray(0, 32).every((byte) => byte === 0);
  if (isWrap) note(opened.subarray(32, 64));
  if (isWrap && opened.length === 80) note(opened.subarray(48, 80)); // PKCS #8
  if (opened.length === 32) note(opened);
};

/** The 32 secret bytes in PKCS #8: of Ed25519 the last ones, of P-256 those before its public half. */
const privatePart = (pkcs8: Uint8Array): Uint8Array => (pkcs8.length === 48 ? pkcs8.slice(16) : pkcs8.slice(36, 68));

const nameOf = (algorithm: unknown): unknown =>
  typeof algorithm === 'object' && algorithm !== null && 'name' in algorithm ? algorithm.name : algorithm;

/** True where bytes are derived to be the name of a row, which lies where it is looked for: of the data key of a scope. */
const isName = (algorithm: unknown): boolean => {
  const info = typeof algorithm === 'object' && algorithm !== null && 'info' in algorithm ? algorithm.info : undefined;
  return new TextDecoder().decode(bytesOf(info)).includes('scope/');
};

const watch = (): void => {
  const { subtle } = crypto;
  const { importKey, decrypt, encrypt, deriveBits } = {
    importKey: subtle.importKey.bind(subtle),
    decrypt: subtle.decrypt.bind(subtle),
    encrypt: subtle.encrypt.bind(subtle),
    deriveBits: subtle.deriveBits.bind(subtle),
  };
  const watched = {
    importKey: (...words: readonly unknown[]) => {
      const [format, bytes, algorithm] = [words[0], bytesOf(words[1]), nameOf(words[2])];
      const isPublic = format === 'raw' && (algorithm === 'Ed25519' || algorithm === 'ECDH');
      if (bytes !== undefined && !isPublic) note(format === 'pkcs8' ? privatePart(bytes) : bytes);
      return Reflect.apply(importKey, subtle, words);
    },
    encrypt: (...words: readonly unknown[]) => {
      noteOpened(bytesOf(words[2])?.slice() ?? new Uint8Array(0));
      return Reflect.apply(encrypt, subtle, words);
    },
    decrypt: async (...words: readonly unknown[]) => {
      const opened: unknown = await Reflect.apply(decrypt, subtle, words);
      noteOpened(bytesOf(opened)?.slice() ?? new Uint8Array(0));
      return opened;
    },
    deriveBits: async (...words: readonly unknown[]) => {
      const derived: unknown = await Reflect.apply(deriveBits, subtle, words);
      if (!isName(words[0])) note(bytesOf(derived)?.slice() ?? new Uint8Array(0));
      return derived;
    },
  };
  for (const [name, value] of Object.entries(watched)) Object.defineProperty(subtle, name, { value });
};

const said: string[] = [];
/** Everything that an error says to whoever logs it. */
const textsOf = (error: unknown, depth = 0): string => {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  const details = isStoreError(error) ? JSON.stringify(error.details) : '';
  const own = `${error.name} ${error.message} ${error.stack ?? ''} ${details} ${JSON.stringify(error)}`;
  return depth < 5 && error.cause !== undefined ? `${own} ${textsOf(error.cause, depth + 1)}` : own;
};
const fails = async (what: string, work: () => unknown): Promise<void> => {
  try {
    said.push(`${what}: ${JSON.stringify(await work())}`);
  } catch (error) {
    said.push(`${what}: ${textsOf(error)}`);
    console.error(what, error);
  }
};

const admitted = ({ open, secret: { value } }: Words, at: number) => ({
  ...{ type: 'Admitted' as const, room: `${open} ${at}`, name: `${value} name ${at}` },
  ...{ contacts: [{ phone: `${value} phone ${at}` }], arm: `${value} arm ${at % 2}` },
});

type Bed = {
  readonly words: Words;
  readonly store: Store;
  readonly session: KeySession;
  readonly vault: ReturnType<typeof openVault>;
};

const stumble = async ({ words, store, session, vault }: Bed): Promise<void> => {
  const { value, user, passphrase } = words.secret;
  const patient = store.aggregate(Patient, 'p1');
  const long = { ...admitted(words, 1), name: value.repeat(50) };
  await fails('too long', () => patient.send(long));
  await fails('no such field', () => patient.send(Object.assign(admitted(words, 1), { [value]: value })));
  await fails('stale', () => patient.send(admitted(words, 1), { expectedVersion: 999 }));
  await fails('wrong passphrase', () => vault.unlock({ user, passphrase: `${passphrase}!` }));
  await fails('unknown user', () => vault.unlock({ user: `${user}2`, passphrase }));
  await fails('user twice', () => vault.enrol(session, { user, passphrase }, { share: [] }));
  await fails('foreign grant', () => session.accept(JSON.parse(JSON.stringify([{ sealed: value }]))));
  await fails('other tenant', () => openStore({ ...options(session), tenant: 'other' }));
  await fails('without keys', () => openStore(OPTIONS));
};

const OPTIONS = {
  ...{ name: 'ward', tenant: 'acme-042', aggregates: [Patient], upkeep: 'manual' as const },
  actor: () => ({ userId: 'nurse-1', role: 'site' }),
};
const options = (keys: KeySession) => ({ ...OPTIONS, keys });

const base64 = async (blob: Blob): Promise<string> => {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

const live = async (words: Words) => {
  watch();
  const { user, passphrase } = words.secret;
  localStorage.setItem('beside', words.beside);
  const vault = openVault({ name: 'ward', idleMinutes: 30 });
  const session = await vault.create({ user, passphrase });
  await session.makeWrappingKey('study');
  await session.makeWrappingKey('treatment');
  const store = await openStore(options(session));
  for (let at = 0; at < 20; at++)
    await store.aggregate(Patient, `p${at % 4}`).send(admitted(words, at), { reason: 'admission' });
  await store.appendAll(
    Patient,
    Array.from({ length: 60 }, (_, at) => ({ id: `p${at % 9}`, event: admitted(words, at) })),
  );
  await fails('sync', async () => {
    const { pending, lastError, state } = await store.sync({ url: location.origin, network: 'online' }).now();
    return { pending, lastError, state };
  });
  await stumble({ words, store, session, vault });
  await store.compact();
  await fails('health', () => store.health());
  await fails('verify', () => store.verify());
  await fails('findings', () => store.findings());
  const shown = store.aggregate(Patient, 'p1').state().context.last;
  const bundle = await base64(await store.export());
  await session.lock();
  await fails('after locking', () => store.aggregate(Patient, 'p1').send(admitted(words, 1)));
  const again = await vault.unlock({ user, passphrase });
  const reopened = await openStore(options(again));
  const size = reopened.size();
  await reopened.close();
  await again.lock();
  return {
    bundle,
    said,
    secrets: [...secrets],
    shown: String(shown),
    size,
    stored: JSON.stringify({ ...localStorage }),
  };
};

/** What a person's work gives to be searched; bundle in base64, secrets in hex. */
export type Lived = Awaited<ReturnType<typeof live>>;

Object.assign(globalThis, { page: { live } });
