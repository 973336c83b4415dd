/** Argon2id in WebAssembly: a module of its own, so that it is loaded where it is asked for, and nothing else with it. */
import { argon2id as compute } from 'hash-wasm';

/** Rejects where WebAssembly is missing or forbidden. */
export const argon2id = (work: {
  readonly passphrase: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKib: number;
  readonly passes: number;
  readonly length: number;
}): Promise<Uint8Array> =>
  compute({
    ...{ password: work.passphrase, salt: work.salt, memorySize: work.memoryKib, iterations: work.passes },
    ...{ parallelism: 1, hashLength: work.length, outputType: 'binary' },
  });
