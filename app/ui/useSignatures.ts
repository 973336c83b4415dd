/** The signatures of forms, live: read again whenever a signature, a signer or a signed form changes. */
import { useEffect, useState } from 'react';
import { type SignatureManifest, watchSignatures } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { Form } from '../model/form.ts';

export type SignatureReading = {
  /** Undefined until they were read. */
  readonly manifests: readonly SignatureManifest[] | undefined;
  readonly failure: Failure | undefined;
};

/** @param forms  ids, a line each: the same text asks the same */
export const useSignatures = (device: Device, forms: string): SignatureReading => {
  const [reading, setReading] = useState<SignatureReading>({ manifests: undefined, failure: undefined });
  useEffect(() => {
    const records = forms === '' ? [] : forms.split('\n').map((id) => ({ of: Form, id }));
    const watching = watchSignatures(device.store, records).subscribe({
      next: (manifests) => setReading({ manifests, failure: undefined }),
      error: (error: unknown) => setReading({ manifests: undefined, failure: failureOf(error) }),
    });
    return () => watching.unsubscribe();
  }, [device, forms]);
  return reading;
};
