/** One attempt with a secret at a time: whether it runs, why it failed, and until when nothing may be tried. */
import { useState } from 'react';
import { isStoreError } from '../../src/index.ts';
import { type Failure, failureOf } from '../model/failure.ts';

export type Attempt = {
  readonly isBusy: boolean;
  readonly failure: Failure | undefined;
  /** Epoch milliseconds before which a further attempt is refused; 0 if there is no need to wait. */
  readonly waitUntilMs: number;
  readonly run: (work: () => Promise<void>) => Promise<void>;
};

const waitOf = (error: unknown): number => {
  const waitMs = isStoreError(error) && error.code === 'key.wait' ? error.details['waitMs'] : 0;
  return typeof waitMs === 'number' ? waitMs : 0;
};

export const useAttempt = (): Attempt => {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [waitUntilMs, setWaitUntil] = useState(0);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      const waitMs = waitOf(error);
      setWaitUntil(waitMs === 0 ? 0 : Date.now() + waitMs);
      setFailure({ ...failureOf(error), place: '' });
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, failure, waitUntilMs, run };
};
