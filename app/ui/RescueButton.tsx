/** Exports what a device holds that cannot be opened. */
import { useState } from 'react';
import type { KeySession } from '../../src/keys.ts';
import type { DeviceSpec } from '../model/device.ts';
import { type Failure, failureOf } from '../model/failure.ts';
import { exportRescued } from '../model/rescue.ts';
import { bundleName, offer } from './offer.ts';

type Rescue =
  | { readonly kind: 'idle' }
  | { readonly kind: 'exporting' }
  | { readonly kind: 'exported'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const RescueButton = (props: { readonly spec: DeviceSpec; readonly keys: KeySession | undefined }) => {
  const { spec, keys } = props;
  const [rescue, setRescue] = useState<Rescue>({ kind: 'idle' });
  const start = async () => {
    setRescue({ kind: 'exporting' });
    try {
      const bundle = await exportRescued(spec, keys);
      const name = bundleName(spec);
      offer(bundle, name);
      setRescue({ kind: 'exported', name, bytes: bundle.size });
    } catch (error) {
      setRescue({ kind: 'failed', failure: failureOf(error) });
    }
  };
  return (
    <>
      <button type="button" disabled={rescue.kind === 'exporting'} onClick={() => void start()}>
        Export what is recorded
      </button>
      {rescue.kind === 'exported' ? (
        <p role="status">
          Exported {rescue.name}, {rescue.bytes.toLocaleString()} bytes.
        </p>
      ) : null}
      {rescue.kind === 'failed' ? (
        <p role="alert">
          Not exported: <code>{rescue.failure.code}</code> {rescue.failure.text}
        </p>
      ) : null}
    </>
  );
};
