/** The trail of an aggregate, read again when its version changes; nothing while it is not wanted. */
import { useEffect, useState } from 'react';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { Form } from '../model/form.ts';
import type { FormTrail } from '../model/history.ts';

type Reading<T> = { readonly trail: readonly T[] | undefined; readonly failure: Failure | undefined };

/** `of` has to stay the same from one rendering to the next. */
export const useHistory = <T>(
  of: { readonly history: () => Promise<readonly T[]> },
  version: number,
  isWanted = true,
): Reading<T> => {
  const [reading, setReading] = useState<Reading<T>>({ trail: undefined, failure: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version of the aggregate has a new trail
  useEffect(() => {
    let isCurrent = isWanted;
    const read = async () => {
      try {
        const trail = await of.history();
        if (isCurrent) setReading({ trail, failure: undefined });
      } catch (error) {
        if (isCurrent) setReading({ trail: undefined, failure: failureOf(error) });
      }
    };
    if (isWanted) void read();
    return () => {
      isCurrent = false;
    };
  }, [of, version, isWanted]);
  return reading;
};

export const useTrail = (device: Device, form: string, version: number, isWanted = true): Reading<FormTrail> => {
  const [handle] = useState(() => device.store.aggregate(Form, form));
  return useHistory(handle, version, isWanted);
};
