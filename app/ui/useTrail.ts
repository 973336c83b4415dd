/** The trail of a form, read again when its version changes; nothing while it is not wanted. */
import { useEffect, useState } from 'react';
import { Form } from '../../src/clinical.ts';
import type { Device } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import type { FormTrail } from '../model/history.ts';

export type TrailReading = { readonly trail: readonly FormTrail[] | undefined; readonly failure: Failure | undefined };

export const useTrail = (device: Device, form: string, version: number, isWanted = true): TrailReading => {
  const [reading, setReading] = useState<TrailReading>({ trail: undefined, failure: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version of the form has a new trail
  useEffect(() => {
    let isCurrent = isWanted;
    const read = async () => {
      try {
        const trail = await device.store.aggregate(Form, form).history();
        if (isCurrent) setReading({ trail, failure: undefined });
      } catch (error) {
        if (isCurrent) setReading({ trail: undefined, failure: failureOf(error) });
      }
    };
    if (isWanted) void read();
    return () => {
      isCurrent = false;
    };
  }, [device, form, version, isWanted]);
  return reading;
};
