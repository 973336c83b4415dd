/** The invented people and places of the sample study. */
import { STUDY_OID, VERSION_OID } from './study.ts';
import type { XmlNode } from './xmlWriter.ts';
import { node } from './xmlWriter.ts';

export const SITES = [
  { oid: 'L.01', name: 'Northbridge Clinic', investigator: 'Dr. Ada Lindqvist', coordinator: 'Mina Okafor' },
  { oid: 'L.02', name: 'Harbour Hospital', investigator: 'Dr. Tomás Reyes', coordinator: 'Jonas Weber' },
] as const;
export const HOME = { oid: 'L.HOME', name: "Participant's home" };
export type Site = (typeof SITES)[number];

const user = (oid: string, type: string, name: string, location: string): XmlNode =>
  node('User', { OID: oid, UserType: type }, [
    node('DisplayName', {}, name),
    node('LocationRef', { LocationOID: location }),
  ]);

const place = (oid: string, name: string, type: string): XmlNode =>
  node('Location', { OID: oid, Name: name, LocationType: type }, [
    node('MetaDataVersionRef', { StudyOID: STUDY_OID, MetaDataVersionOID: VERSION_OID, EffectiveDate: '2025-02-24' }),
  ]);

/** The AdminData element: site staff, participants, sites and homes. */
export const adminData = (subjectKeys: readonly string[]): XmlNode =>
  node('AdminData', { StudyOID: STUDY_OID }, [
    ...SITES.flatMap((site, at) => [
      user(`U.INV.0${at + 1}`, 'Investigator', site.investigator, site.oid),
      user(`U.CRC.0${at + 1}`, 'Other', site.coordinator, site.oid),
    ]),
    ...subjectKeys.map((key) => user(`U.P${key}`, 'Other', `Participant ${key}`, HOME.oid)),
    ...SITES.map(({ oid, name }) => place(oid, name, 'Site')),
    place(HOME.oid, HOME.name, 'Other'),
  ]);
