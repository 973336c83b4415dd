/** A new passphrase in the place of one's own. Keys, events and database stay as they are. */
import { type FormEvent, useState } from 'react';
import type { Device } from '../model/device.ts';
import { useAnnounce } from './announce.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { NewPassphrase, useNewPassphrase } from './NewPassphrase.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

export const RenewForm = ({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) => {
  const { vault, keys, spec } = device;
  const [current, setCurrent] = useState('');
  const chosen = useNewPassphrase();
  const attempt = useAttempt();
  const announce = useAnnounce();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const isReady = current !== '' && chosen.fault === '' && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setCurrent('');
    void attempt.run(async () => {
      await vault.renew(keys.user, current, chosen.value);
      announce(`The new passphrase of ${keys.user} unlocks ${spec.title} from now on.`, 'good');
      onClose();
    });
  };
  return (
    <details className="renew">
      <summary>Change my passphrase</summary>
      <form aria-label="Change my passphrase" onSubmit={submit}>
        <PassphraseField
          label="Present passphrase"
          use="current"
          user={keys.user}
          value={current}
          onChange={setCurrent}
        />
        <NewPassphrase label="New passphrase" user={keys.user} chosen={chosen} />
        {attempt.failure === undefined ? null : <FailurePanel title="Not changed" failure={attempt.failure} />}
        <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
        <button type="submit" className="fit" disabled={!isReady}>
          {attempt.isBusy ? 'Changing …' : 'Change passphrase'}
        </button>
      </form>
    </details>
  );
};
