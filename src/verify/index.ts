/** The stand-alone verifier: it needs an export's bytes and nothing else. */
export { verifyBundle } from './bundle.ts';
export { type LogOptions, verifyLog } from './log.ts';
export type {
  Counts,
  HeadsText,
  HeadText,
  LogReport,
  ManifestSummary,
  Progress,
  Report,
  Trust,
  VerifyFinding,
  VerifyOptions,
} from './report.ts';
