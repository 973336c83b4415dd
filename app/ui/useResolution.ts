/** Sends a resolution and says what became of it. */
import { useState } from 'react';
import type { SendOutcome } from '../../src/index.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { outcomeText } from '../model/outcome.ts';
import { useAnnounce } from './announce.tsx';

export const useResolution = (onClose: () => void) => {
  const [failure, setFailure] = useState<Failure>();
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);
  const announce = useAnnounce();
  const resolve = async (work: () => Promise<SendOutcome>) => {
    setBusy(true);
    try {
      const outcome = await work();
      const { text, isGood } = outcomeText(outcome);
      announce(
        isGood ? 'The conflict is resolved. The resolution is recorded with its reason.' : text,
        isGood ? 'good' : 'bad',
      );
      if (isGood) onClose();
      else setRefusal(text);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { resolve, busy, told: { failure, refusal } };
};
