/** What a study defines: the part of ODM metadata that the product uses. All maps are by OID, in the order of the file. */
import type { AdminData } from './admin.ts';
import type { Problem, Unrepresented } from './notices.ts';
import type { FileHeader } from './root.ts';
import type { Translations } from './text.ts';

/** A reference from a definition to one below it. Lists of these are in the order of OrderNumber, then of the file. */
export type DefinitionRef = {
  readonly oid: string;
  readonly orderNumber?: number;
  readonly mandatory: boolean;
  /** When this condition holds, the data need not be collected. It is not evaluated. */
  readonly exceptionConditionOid?: string;
  readonly line: number;
};
export type ItemRef = DefinitionRef & {
  /** How the value is computed. It is not evaluated. */
  readonly methodOid?: string;
  readonly keySequence?: number;
};

type Definition = { readonly oid: string; readonly name: string; readonly line: number };
type Described = Definition & { readonly description: Translations };

export type StudyEventDef = Described & {
  readonly repeating: boolean;
  readonly type: 'Scheduled' | 'Unscheduled' | 'Common';
  readonly category?: string;
  readonly formRefs: readonly DefinitionRef[];
};
export type FormDef = Described & { readonly repeating: boolean; readonly itemGroupRefs: readonly DefinitionRef[] };
export type ItemGroupDef = Described & { readonly repeating: boolean; readonly itemRefs: readonly ItemRef[] };

export type FormalExpression = { readonly context: string; readonly text: string };
export type RangeCheck = {
  readonly comparator?: 'LT' | 'LE' | 'GT' | 'GE' | 'EQ' | 'NE' | 'IN' | 'NOTIN';
  readonly softHard: 'Soft' | 'Hard';
  readonly values: readonly string[];
  readonly expressions: readonly FormalExpression[];
  readonly measurementUnitOid?: string;
  readonly errorMessage: Translations;
};
export type ItemDef = Described & {
  /** As in the file: `integer`, `float`, `text`, `date`, … */
  readonly dataType: string;
  readonly length?: number;
  readonly significantDigits?: number;
  readonly question: Translations;
  readonly measurementUnitOids: readonly string[];
  readonly rangeChecks: readonly RangeCheck[];
  readonly codeListOid?: string;
};

export type CodeListItem = {
  readonly codedValue: string;
  /** Empty for an EnumeratedItem. */
  readonly decode: Translations;
  readonly rank?: string;
  readonly orderNumber?: number;
};
export type CodeList = Described & { readonly dataType: string; readonly items: readonly CodeListItem[] };
export type MeasurementUnit = Definition & { readonly symbol: Translations };

/** A ConditionDef or MethodDef: kept as text, never evaluated. */
export type Expression = Described & { readonly type?: string; readonly expressions: readonly FormalExpression[] };

/** A part of the file that another reader reads, such as clinical data beside metadata. */
export type Elsewhere = { readonly path: string; readonly count: number; readonly line: number };

export type StudyMetadata = {
  readonly file: FileHeader;
  readonly studyOid: string;
  readonly studyName: string;
  readonly studyDescription: string;
  readonly protocolName: string;
  readonly metaDataVersionOid: string;
  readonly metaDataVersionName: string;
  readonly metaDataVersionDescription?: string;
  readonly protocolDescription: Translations;
  readonly studyEventRefs: readonly DefinitionRef[];
  readonly studyEvents: ReadonlyMap<string, StudyEventDef>;
  readonly forms: ReadonlyMap<string, FormDef>;
  readonly itemGroups: ReadonlyMap<string, ItemGroupDef>;
  readonly items: ReadonlyMap<string, ItemDef>;
  readonly codeLists: ReadonlyMap<string, CodeList>;
  readonly measurementUnits: ReadonlyMap<string, MeasurementUnit>;
  readonly conditions: ReadonlyMap<string, Expression>;
  readonly methods: ReadonlyMap<string, Expression>;
  readonly admin: AdminData;
  readonly elsewhere: readonly Elsewhere[];
  readonly unrepresented: readonly Unrepresented[];
  readonly problems: readonly Problem[];
};
