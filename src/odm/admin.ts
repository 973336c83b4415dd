/** AdminData: the people and places that audit records refer to. */

import type { Notices } from './notices.ts';
import { optional } from './optional.ts';
import type { OdmElement, ReadChild } from './tree.ts';
import { consume, placeOf, readText, take, takeIdentity, takeKey, takeOr } from './tree.ts';

const USER_TEXTS = {
  LoginName: 'loginName',
  DisplayName: 'displayName',
  FullName: 'fullName',
  FirstName: 'firstName',
  LastName: 'lastName',
  Organization: 'organization',
} as const;

export type OdmUser = {
  readonly oid: string;
  readonly userType?: string;
  readonly locationOids: readonly string[];
} & { readonly [K in (typeof USER_TEXTS)[keyof typeof USER_TEXTS]]?: string };

export type OdmLocation = {
  readonly oid: string;
  readonly name: string;
  readonly locationType?: string;
  /** Which version of the metadata is in use there, since when. */
  readonly metaDataVersions: readonly MetaDataVersionRef[];
};
export type MetaDataVersionRef = {
  readonly studyOid: string;
  readonly metaDataVersionOid: string;
  readonly effectiveDate: string;
};

/** Users and locations by OID. */
export type AdminData = {
  readonly users: ReadonlyMap<string, OdmUser>;
  readonly locations: ReadonlyMap<string, OdmLocation>;
};

/** Collects users and locations while a file is read. */
export type AdminReader = {
  readonly admin: AdminData;
  /** Reads a child of AdminData. */
  read(element: OdmElement, path: string): void;
};

/** How a person is shown: display name, full name, first and last name, login, or the OID. */
export const userName = (user: OdmUser): string => {
  const both = [user.firstName, user.lastName].filter((part) => part !== undefined && part !== '').join(' ');
  const names = [user.displayName, user.fullName, both, user.loginName];
  return names.find((name) => name !== undefined && name !== '') ?? user.oid;
};

const readUser = (element: OdmElement, path: string, notices: Notices): OdmUser => {
  const oid = takeKey(element, 'OID', path);
  const userType = take(element, 'UserType');
  const locationOids: string[] = [];
  const texts: Record<string, string> = {};
  const readers: Record<string, ReadChild> = {
    LocationRef: (child, childPath) => {
      locationOids.push(takeKey(child, 'LocationOID', childPath));
      consume(child, childPath, {}, notices);
    },
  };
  for (const [name, field] of Object.entries(USER_TEXTS)) {
    readers[name] = (child, childPath) => {
      texts[field] = readText(child, childPath, notices);
    };
  }
  consume(element, path, readers, notices);
  return { oid, ...optional('userType', userType), locationOids, ...texts };
};

const readLocation = (element: OdmElement, path: string, notices: Notices): OdmLocation => {
  const { oid, name } = takeIdentity(element, path, notices);
  const locationType = take(element, 'LocationType');
  const metaDataVersions: MetaDataVersionRef[] = [];
  const readRef: ReadChild = (child, childPath) => {
    metaDataVersions.push({
      studyOid: takeOr(child, 'StudyOID', '', childPath, notices),
      metaDataVersionOid: takeOr(child, 'MetaDataVersionOID', '', childPath, notices),
      effectiveDate: takeOr(child, 'EffectiveDate', '', childPath, notices),
    });
    consume(child, childPath, {}, notices);
  };
  consume(element, path, { MetaDataVersionRef: readRef }, notices);
  return { oid, name, ...optional('locationType', locationType), metaDataVersions };
};

/** An empty collection of users and locations. The first definition of an OID stands; a second one is a problem. */
export const createAdminReader = (notices: Notices): AdminReader => {
  const users = new Map<string, OdmUser>();
  const locations = new Map<string, OdmLocation>();
  const keep = <T extends { readonly oid: string }>(
    map: Map<string, T>,
    made: T,
    element: OdmElement,
    path: string,
  ): void => {
    if (map.has(made.oid)) notices.problem('import.duplicate', placeOf(element, path), 'the same OID is defined twice');
    else map.set(made.oid, made);
  };
  return {
    admin: { users, locations },
    read: (element, path) => {
      if (element.name === 'User') keep(users, readUser(element, path, notices), element, path);
      else if (element.name === 'Location') keep(locations, readLocation(element, path, notices), element, path);
      else notices.unrepresented(placeOf(element, path), 'element with everything in it');
    },
  };
};

/** The people and places of two files; the first file's definitions win. */
export const mergeAdmin = (first: AdminData, second: AdminData): AdminData => ({
  users: new Map([...second.users, ...first.users]),
  locations: new Map([...second.locations, ...first.locations]),
});
