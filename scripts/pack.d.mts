export interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
}
export function promisedFiles(manifest: Manifest): readonly string[];
export function listFaults(packed: readonly string[], promised: readonly string[]): readonly string[];
export function packFaults(root: string): readonly string[];
