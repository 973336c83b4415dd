/** Devices of a study with vaults and key sheets of their own, on which people erase; and a server between them. */
import {
  Erasure,
  type ErasureFollower,
  ErasureIndex,
  type ErasurePolicy,
  followErasures,
} from '../../../src/clinical.ts';
import type { KeyId } from '../../../src/core/ids.ts';
import { readStreamId } from '../../../src/core/ids.ts';
import { isStoreError, memoryStorage, type Store, type StreamId, type Sync } from '../../../src/index.ts';
import type { KeySession } from '../../../src/keys/session.ts';
import { type KeySheetStorage, memorySheet } from '../../../src/keys/sheet.ts';
import {
  type Disturbance,
  type SimulatedServer,
  simulatedNetwork,
  simulatedServer,
  UNDISTURBED,
} from '../../../src/testing/index.ts';
import { MARKER, names, openClinic, Patient } from '../fields/patients.ts';
import { world } from '../keys/world.ts';

/** Erases what a person of the role `dpo` approves who did not ask for it. */
export const ALLOWED: ErasurePolicy = {
  refusal: () => undefined,
  mayApprove: ({ role }) => role === 'dpo',
  mayApproveAlone: () => false,
};

/** A key sheet that knows which rows were put into it, so that they can be carried to another device as they are. */
const carriedSheet = () => {
  const sheet = memorySheet();
  const ids = new Set<KeyId>();
  const add: KeySheetStorage['add'] = async (row) => {
    ids.add(row.id);
    return sheet.add(row);
  };
  return { ...sheet, add, ids };
};
type CarriedSheet = ReturnType<typeof carriedSheet>;

export type Site = {
  readonly name: string;
  readonly sheet: CarriedSheet;
  readonly session: KeySession;
  readonly actAs: (user: string, role?: string) => void;
  readonly store: () => Store;
  readonly sync: () => Sync;
  readonly follower: () => ErasureFollower | undefined;
  /** What becomes of the next messages to and from the server. */
  readonly disturb: (disturbance: Disturbance) => void;
  /** Closes the store as a page that is left, and opens it again. */
  readonly reopen: () => Promise<void>;
};

export type SiteOptions = { readonly policy?: ErasurePolicy; readonly following?: boolean };

let sites = 0;

const openSite = async (
  server: SimulatedServer,
  session: KeySession,
  sheet: CarriedSheet,
  { policy = ALLOWED, following = true }: SiteOptions,
): Promise<Site> => {
  sites += 1;
  const [name, storage] = [`site-${sites}`, memoryStorage()];
  let actor = { userId: 'nurse-1', role: 'site' };
  const planned: Disturbance[] = [];
  const open = async () => {
    const store = await openClinic({
      ...{ name, storage, keys: { source: session.source }, actor: () => actor },
      ...{ aggregates: [Patient, Erasure], views: [names, ErasureIndex] },
    });
    const transport = simulatedNetwork(server, () => planned.shift() ?? UNDISTURBED);
    const sync = store.sync({ url: 'https://server.invalid', transport, network: 'online' });
    return { store, sync, follower: following ? followErasures(store, session.source, policy) : undefined };
  };
  let opened = await open();
  return {
    ...{ name, sheet, session },
    actAs: (userId, role = 'site') => {
      actor = { userId, role };
    },
    store: () => opened.store,
    sync: () => opened.sync,
    follower: () => opened.follower,
    disturb: (disturbance) => void planned.push(disturbance),
    reopen: async () => {
      await opened.store.close();
      opened = await open();
    },
  };
};

export type Person = { readonly session: KeySession; readonly sheet: CarriedSheet };

/** People with a vault and a key sheet each, who share the study's wrapping keys. */
export const openVaults = async (count: number): Promise<readonly Person[]> => {
  const people: Person[] = [];
  for (let at = 0; at < count; at++) {
    const sheet = carriedSheet();
    const session = await world({ sheet }).vault.create({ user: `user-${at}`, passphrase: 'correct horse battery' });
    for (const name of ['study', 'treatment'])
      if (people[0] === undefined) await session.makeWrappingKey(name);
      else await session.accept(await people[0].session.grant(name, await session.holder()));
    people.push({ session, sheet });
  }
  return people;
};

/** Sites of one study, one for each person. */
export const openSites = async (
  people: number | readonly Person[],
  options: SiteOptions = {},
): Promise<{ readonly server: SimulatedServer; readonly sites: readonly Site[] }> => {
  const server = await simulatedServer({ tenant: 'acme-042' });
  const sites: Site[] = [];
  for (const { session, sheet } of typeof people === 'number' ? await openVaults(people) : people)
    sites.push(await openSite(server, session, sheet, options));
  return { server, sites };
};

/** Carries rows of key sheets to the sites that do not have them, as they are: what one has destroyed, another keeps. */
export const spreadKeys = async (...all: readonly Site[]): Promise<void> => {
  for (const from of all)
    for (const to of all)
      for (const id of from.sheet.ids) {
        const row = from === to ? undefined : await from.sheet.byId(id);
        if (row !== undefined) await to.sheet.add(row);
      }
};

/** Lets every site exchange everything and carry out what it learned, until nothing is left. */
export const meet = async (...all: readonly Site[]): Promise<void> => {
  for (let round = 0; round < 3; round++) {
    for (const site of all) {
      site.sync().setOnline(true);
      await site.sync().now();
      await site.follower()?.settled();
    }
  }
};

export const patientStream = (id: string): StreamId => readStreamId(`patient/${id}`);

/** Records a name and a phone number of a patient; gives the event's id. */
export const recordName = async (site: Site, id: string, name = `${MARKER} ${id}`) => {
  const contacts = [{ kind: 'home', phone: `${MARKER}-${id}` }];
  const outcome = await site.store().aggregate(Patient, id).send({ type: 'Named', name, contacts });
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  return outcome.eventId;
};

/** As `recordName`, where the subject may have been erased; undefined if nothing can be recorded of it any more. */
export const tryName = async (site: Site, id: string) => {
  try {
    return await recordName(site, id);
  } catch (error) {
    if (isStoreError(error, 'key.shredded')) return undefined;
    throw error;
  }
};

export const nameOf = (site: Site, id: string) => site.store().aggregate(Patient, id).state().context.name;
