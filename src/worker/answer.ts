/** What the sealing worker does with a request. Runs in any thread. */
import { hash32, publicKey32 } from '../core/ids.ts';
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

/** Never throws: what fails here is done by whoever asked, who is told why then. */
export const answer = async (handed: HandedKey | undefined, request: Request): Promise<Answer> => {
  if (handed === undefined) return { kind: 'failed' };
  const { publicKey, privateKey } = handed;
  try {
    const key = { publicKey: publicKey32(publicKey), privateKey };
    if (request.kind === 'sign')
      return { kind: 'signed', signatures: await signAll(key, request.messages, request.count) };
    return { kind: 'sealed', ...(await sealTexts(key, hash32(request.previous), request.texts)) };
  } catch {
    return { kind: 'failed' };
  }
};
