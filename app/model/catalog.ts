/** Looks definitions up by OID, over all studies that a device knows. What is not defined is shown by its OID. */
import { sameJson } from '../../src/core/json.ts';
import { type Definition, type DefinitionKind, type DefinitionOf, definitionKey, type StudyRow } from './study.ts';

export type CodeEntry = { readonly code: string; readonly text: string };

export type Catalog = {
  readonly studies: readonly DefinitionOf<'study'>[];
  /** OIDs of the visits and forms that the studies define. */
  readonly visits: readonly string[];
  readonly forms: readonly string[];
  /** Definitions that two devices imported differently at once. */
  readonly conflicts: number;
  readonly find: <K extends DefinitionKind>(kind: K, oid: string) => DefinitionOf<K> | undefined;
  readonly nameOf: (kind: 'visit' | 'form' | 'group' | 'person' | 'place', oid: string) => string;
  readonly orderOf: (kind: 'visit' | 'form', oid: string) => number;
  readonly codes: (codeList: string) => readonly CodeEntry[];
  /** True when a device knows the definition as it is. */
  readonly holds: (study: string, definition: Definition) => boolean;
};

const isKind =
  <K extends DefinitionKind>(kind: K) =>
  (definition: Definition): definition is DefinitionOf<K> =>
    definition.kind === kind;

const codesOf = (all: ReadonlyMap<string, Definition>, oid: string): readonly CodeEntry[] => {
  const entries: CodeEntry[] = [];
  for (let part = 0; ; part++) {
    const found = all.get(part === 0 ? `codeList/${oid}` : `codeList/${oid}/${part}`);
    if (found?.kind !== 'codeList') return entries;
    entries.push(...found.entries);
  }
};

export const catalogOf = (rows: readonly StudyRow[]): Catalog => {
  const all = new Map(rows.flatMap(({ definitions }) => Object.entries(definitions)));
  const byStudy = new Map(rows.map(({ id, definitions }) => [id, definitions]));
  const find = <K extends DefinitionKind>(kind: K, oid: string): DefinitionOf<K> | undefined =>
    [all.get(`${kind}/${oid}`)].filter((found) => found !== undefined).find(isKind(kind));
  const oidsOf = (kind: 'visit' | 'form') =>
    [...all.values()]
      .filter(isKind(kind))
      .sort((a, b) => a.order - b.order)
      .map(({ oid }) => oid);
  return {
    conflicts: rows.reduce((total, { conflicts }) => total + conflicts, 0),
    studies: [...all.values()].filter(isKind('study')),
    visits: oidsOf('visit'),
    forms: oidsOf('form'),
    find,
    nameOf: (kind, oid) => {
      const found = all.get(`${kind}/${oid}`);
      return found !== undefined && 'name' in found && found.name !== '' ? found.name : oid;
    },
    orderOf: (kind, oid) => find(kind, oid)?.order ?? Number.MAX_SAFE_INTEGER,
    codes: (codeList) => codesOf(all, codeList),
    holds: (study, definition) => sameJson(byStudy.get(study)?.[definitionKey(definition)], definition),
  };
};
