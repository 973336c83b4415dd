/** Every erasure that was asked for, as it stands. */
import { useEffect, useState } from 'react';
import { type ErasureShown, watchErasures } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';

export type Erasures = { readonly erasures: readonly ErasureShown[]; readonly failure: Failure | undefined };

export const useErasures = ({ store }: Device): Erasures => {
  const [erasures, setErasures] = useState<readonly ErasureShown[]>([]);
  const [failure, setFailure] = useState<Failure>();
  useEffect(() => {
    const watching = watchErasures(store).subscribe({
      next: setErasures,
      error: (error: unknown) => setFailure(failureOf(error)),
    });
    return () => watching.unsubscribe();
  }, [store]);
  return { erasures, failure };
};
