/** SHA-256 in WebAssembly: a module of its own, so that it is loaded where it is asked for, and nothing else with it. */
import { createSHA256 } from 'hash-wasm';

/** A hasher for one input at a time. Rejects where WebAssembly is missing or forbidden. */
export const makeWasmSha256 = (): ReturnType<typeof createSHA256> => createSHA256();
