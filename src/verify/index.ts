/** The stand-alone verifier: it needs an export's bytes and nothing else. */
export type { SignatureState } from '../crypto/checkAct.ts';
export { type Act, type SignedAt, signedAtText } from '../crypto/signedAct.ts';
export { verifyBundle } from './bundle.ts';
export { type LogOptions, verifyLog } from './log.ts';
export type {
  CopyReport,
  Counts,
  ErasureReport,
  HeadsText,
  HeadText,
  KeptCopy,
  LogReport,
  ManifestSummary,
  PinnedSigners,
  Progress,
  Report,
  SignatureReport,
  SignerReport,
  Trust,
  VerifyFinding,
  VerifyOptions,
} from './report.ts';
export { type RowsOptions, type ServerLog, type ServerRow, verifyRows } from './rows.ts';
