/** What the sealing worker does with a request. Runs in any thread. */
import { type Hash32, hash32, publicKey32 } from '../core/ids.ts';
import { sealTexts } from '../crypto/sealTexts.ts';
import { type SigningKey, sign } from '../crypto/signer.ts';
import type { Answer, HandedKey, Request } from './messages.ts';

const signAll = async (key: SigningKey, messages: Uint8Array<ArrayBuffer>, count: number): Promise<Uint8Array> => {
  const length = messages.length / count;
  const signatures = new Uint8Array(64 * count);
  const signing = Array.from({ length: count }, async (_, at) => {
    signatures.set(await sign(key, messages.subarray(at * length, (at + 1) * length)), 64 * at);
  });
  await Promise.all(signing);
  return signatures;
};

type SealRequest = Extract<Request, { kind: 'seal' }>;

/**
 * Gives what answers the requests of one page in turn: it remembers where the chain ends that was sealed last, so that
 * the page can ask for the next commits before it has these. Never throws: what fails here is done by whoever asked,
 * who is told why then.
 */
export const answerer = (): ((handed: HandedKey | undefined, request: Request) => Promise<Answer>) => {
  let last: { readonly run: number; readonly link: Hash32 } | undefined;
  const startOf = (from: Uint8Array | number): Hash32 | undefined =>
    typeof from === 'number' ? (last?.run === from ? last.link : undefined) : hash32(from);
  const seal = async (key: SigningKey, { run, from, texts }: SealRequest): Promise<Answer> => {
    const previous = startOf(from);
    if (previous === undefined) return { kind: 'failed' };
    const sealed = await sealTexts(key, previous, texts);
    last = { run, link: sealed.links.at(-1) ?? previous };
    return { kind: 'sealed', ...sealed };
  };
  return async (handed, request) => {
    try {
      if (handed === undefined) return { kind: 'failed' };
      const key = { publicKey: publicKey32(handed.publicKey), privateKey: handed.privateKey };
      if (request.kind === 'seal') return await seal(key, request);
      return { kind: 'signed', signatures: await signAll(key, request.messages, request.count) };
    } catch {
      return { kind: 'failed' };
    }
  };
};
