/** `indelible verify FILE`: checks a bundle on its own and says what it found. */
import { readFileSync } from 'node:fs';
import { StoreError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import {
  type KeptCopy,
  type PinnedSigners,
  type Report,
  type SignatureReport,
  signedAtText,
  verifyBundle,
} from '../verify/index.ts';
import { readArguments, UsageError } from './arguments.ts';
import { chunksOf } from './bundleFile.ts';
import { copyText, erasureText } from './erasureText.ts';
import { findingText } from './findingText.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, fail, printJson } from './output.ts';

const OPTIONS = ['server-key', 'sealed-by', 'signers', 'copies'];

const isPinned = (value: unknown): value is PinnedSigners =>
  isRecord(value) &&
  Object.values(value).every((keys) => Array.isArray(keys) && keys.every((key) => /^[0-9a-f]{64}$/.test(String(key))));

/** What a JSON file holds. @throws UsageError if that is not of the form asked for */
const readJson = <T>(name: string, file: string, isOfForm: (value: unknown) => value is T, form: string): T => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new UsageError(`the file of --${name} cannot be read`, 'Run: indelible verify --help');
  }
  if (isOfForm(value)) return value;
  throw new UsageError(`the file of --${name} is not ${form}`, 'Run: indelible verify --help');
};
const readSigners = (file: string): PinnedSigners => readJson('signers', file, isPinned, '{"signer": ["key id"]}');

const isCopy = (value: unknown): value is KeptCopy =>
  isRecord(value) &&
  ['event', 'path', 'salt'].every((name) => typeof value[name] === 'string') &&
  (Object.hasOwn(value, 'value') || typeof value['bytes'] === 'string');
const areCopies = (value: unknown): value is readonly KeptCopy[] => Array.isArray(value) && value.every(isCopy);
const readCopies = (file: string): readonly KeptCopy[] =>
  readJson('copies', file, areCopies, '[{"event", "path", "salt", "value" or "bytes"}]');

const serverText = ({ trust }: Report): string => {
  if (trust.server === undefined) return 'none named: no receipt could be checked';
  const { key, pinned } = trust.server;
  return `${key} (${pinned ? 'as given' : 'named by the bundle itself; compare it, or give --server-key'})`;
};

const sealText = ({ trust }: Report): string => {
  if (trust.sealedBy === undefined) return 'no valid seal';
  const { replica, wrote, pinned } = trust.sealedBy;
  return `replica ${replica}${wrote ? '' : ', which wrote none of the events'}${pinned ? ' (as given)' : ''}`;
};

const STATE_TEXT: Readonly<Record<SignatureReport['state'], string>> = {
  intact: 'intact',
  'changed-since': 'DATA CHANGED SINCE',
  withdrawn: 'withdrawn by the signer',
  contested: 'SIGNER ID ENROLLED TWICE',
  unendorsed: 'NEW KEY, NOT ENDORSED',
  invalid: 'INVALID',
};
const VOUCHER_TEXT: Readonly<Record<SignatureReport['endorsedBy'][number]['as'], string>> = {
  self: 'with the key before it',
  administrator: 'as administrator',
  signer: 'as another signer',
};
const ACT_TEXT: Readonly<Record<SignatureReport['act'], string>> = {
  Signed: 'signed',
  CounterSigned: 'counter-signed',
  SignatureWithdrawn: 'withdrawal',
};

const signatureText = (signature: SignatureReport): string => {
  const { id, act, printedName, signer, meaning, at, state, later, replica, sequence } = signature;
  const what = state === 'changed-since' ? `${STATE_TEXT[state]} (${later} later)` : STATE_TEXT[state];
  const rest = [
    ...(signature.keyPinned ? [] : ['key named by the bundle itself; give --signers']),
    ...(signature.keyEnded ? ['key ended on another device, before or after'] : []),
    ...signature.endorsedBy.map(({ signer: by, as }) => `endorsed by ${by}, ${VOUCHER_TEXT[as]}`),
  ];
  const key = `key ${signature.key.slice(0, 16)}…${rest.length === 0 ? ' (as given)' : ` (${rest.join('; ')})`}`;
  return `    ${printedName} (${signer}), ${meaning}, ${signedAtText(at)}: ${what}\n      ${ACT_TEXT[act]}, signature ${id}, at replica ${replica}, event ${sequence}, ${key}`;
};

const tableOf = (report: Report): readonly (readonly [string, string])[] => {
  const { manifest, counts } = report;
  const made: readonly (readonly [string, string])[] =
    manifest === undefined
      ? []
      : [
          ['tenant', manifest.tenant],
          ['exported', manifest.createdAt],
        ];
  return [
    ...made,
    ['events', String(counts.events)],
    ['commits', String(counts.commits)],
    ['replicas', String(counts.replicas)],
    ['receipts', String(counts.receipts)],
    ['signatures', String(report.signatures.length)],
    ['erasures', String(report.erasures.length)],
    ['sealed by', sealText(report)],
    ['server key', serverText(report)],
    ...(report.recorded.length === 0
      ? []
      : [['recorded', `${report.recorded.length} findings of the device itself`] as const]),
  ];
};

const print = (file: string, report: Report): void => {
  const found = report.findings.length + report.omitted;
  console.log(`${file}: ${report.ok ? 'sound' : `${found} ${found === 1 ? 'finding' : 'findings'}`}`);
  if (report.usable) for (const [name, value] of tableOf(report)) console.log(`  ${name.padEnd(12)}${value}`);
  for (const signature of report.signatures) console.log(signatureText(signature));
  for (const erasure of report.erasures) console.log(erasureText(erasure));
  for (const copy of report.copies) console.log(copyText(copy));
  for (const [at, finding] of report.findings.entries()) console.log(findingText(finding, at, 'the bundle as a whole'));
  if (report.omitted > 0) console.log(`  and ${report.omitted} more`);
};

const exitOf = (report: Report): ExitCode => {
  if (!report.usable) return EXIT.unusable;
  return report.ok ? EXIT.good : EXIT.findings;
};

export const verify = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('verify', words, OPTIONS);
  if (help) {
    console.log(HELP.verify);
    return EXIT.good;
  }
  const [file, another] = positionals;
  if (file === undefined || another !== undefined) {
    throw new UsageError('verify takes one file', 'Run: indelible verify --help');
  }
  const serverKey = text('server-key');
  const sealedBy = text('sealed-by');
  const signers = text('signers');
  const copies = text('copies');
  let report: Report;
  try {
    report = await verifyBundle(chunksOf(file), {
      ...(serverKey === undefined ? {} : { serverKey }),
      ...(sealedBy === undefined ? {} : { sealedBy }),
      ...(signers === undefined ? {} : { signers: readSigners(signers) }),
      ...(copies === undefined ? {} : { copies: readCopies(copies) }),
    });
  } catch (error) {
    if (!(error instanceof StoreError) || error.details['what'] !== 'file') throw error;
    return fail({ code: error.code, message: 'the file cannot be read' }, json);
  }
  if (json) printJson(report);
  else print(file, report);
  return exitOf(report);
};
