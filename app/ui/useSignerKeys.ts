/** Signing keys, live: read again whenever something of a signer is recorded or arrives. */
import { useEffect, useState } from 'react';
import { from, switchMap } from 'rxjs';
import { SignerIndex } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { readSignerKeys, type SignerKeys } from '../model/signerKeys.ts';

type Reading = { readonly found: SignerKeys | undefined; readonly failure: Failure | undefined };

export const useSignerKeys = (device: Device): Reading => {
  const [reading, setReading] = useState<Reading>({ found: undefined, failure: undefined });
  useEffect(() => {
    const watching = device.store
      .view(SignerIndex)
      .rows$.pipe(switchMap(() => from(readSignerKeys(device))))
      .subscribe({
        next: (found) => setReading({ found, failure: undefined }),
        error: (error: unknown) => setReading({ found: undefined, failure: failureOf(error) }),
      });
    return () => watching.unsubscribe();
  }, [device]);
  return reading;
};
