/** Sends a resolution and says what became of it. */
import { useState } from 'react';
import type { SendOutcome } from '../../src/index.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { resolutionText } from '../model/outcome.ts';
import { useAnnounce } from './announce.tsx';

export const useResolution = (onResolved: () => void) => {
  const [failure, setFailure] = useState<Failure>();
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);
  const announce = useAnnounce();
  const resolve = async (work: () => Promise<readonly SendOutcome[]>) => {
    setBusy(true);
    try {
      const { text, isGood } = resolutionText(await work());
      announce(text, isGood ? 'good' : 'bad');
      if (isGood) onResolved();
      else setRefusal(text);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { resolve, busy, told: { failure, refusal } };
};
