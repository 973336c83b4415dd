/** What is read of the study's access, again whenever it or the keys at hand have changed, and work on it that may fail. */
import { useCallback, useEffect, useState } from 'react';
import { accessOf } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { useObservable } from './hooks.ts';

/** @param read  stable for as long as what it reads is the same */
export const useAccess = <T>(device: Device, read: (device: Device) => Promise<T>) => {
  const [handle] = useState(() => accessOf(device.store));
  const { version } = useObservable(handle.state$, handle.state);
  const [found, setFound] = useState<T>();
  const [failure, setFailure] = useState<Failure>();
  const again = useCallback(
    () => read(device).then(setFound, (error: unknown) => setFailure(failureOf(error))),
    [device, read],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is recorded of access has changed
  useEffect(() => {
    void again();
    return device.keys.source.onChange(() => void again());
  }, [device, again, version]);
  const run = async (work: () => Promise<void>) => {
    setFailure(undefined);
    try {
      await work();
      await again();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return { found, failure, run };
};

export type RunAccess = ReturnType<typeof useAccess>['run'];
