/** The ways in which somebody unlocks this device: a passphrase, and passkeys beside it. */
import { type FormEvent, useCallback, useEffect, useState } from 'react';
import type { WayFacts } from '../../src/keys.ts';
import type { Device } from '../model/device.ts';
import { utcText } from '../model/times.ts';
import { AttemptNote } from './GateForms.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { useAttempt } from './useAttempt.ts';
import { useSecondsUntil, Waiting } from './Waiting.tsx';

const NAMES: Readonly<Record<WayFacts['kind'], string>> = {
  passphrase: 'Passphrase',
  passkey: 'Passkey',
  host: 'Key of this device’s keychain',
};

const LAST =
  'Kept: only passkeys would be left, and a passkey that is lost would lock you out. Change your passphrase if somebody knows it.';

type Ways = { readonly ways: readonly WayFacts[]; readonly read: () => Promise<void> };

const useWays = ({ vault, keys }: Device): Ways => {
  const [ways, setWays] = useState<readonly WayFacts[]>([]);
  const read = useCallback(
    () =>
      vault.ways(keys).then(setWays, () => {
        setWays([]); // locked meanwhile: this is about to go
      }),
    [vault, keys],
  );
  useEffect(() => void read(), [read]);
  return { ways, read };
};

const Way = (props: { readonly way: WayFacts; readonly device: Device; readonly onChanged: () => void }) => {
  const { way, device, onChanged } = props;
  const [isAsked, setAsked] = useState(false);
  const [told, setTold] = useState('');
  const attempt = useAttempt();
  const remove = () =>
    void attempt.run(async () => {
      const { kind } = await device.vault.removeWay(device.keys, way.id);
      setAsked(false);
      setTold(kind === 'last' ? LAST : '');
      if (kind !== 'last') onChanged();
    });
  const name = `${NAMES[way.kind]}, since ${utcText(way.since)}`;
  return (
    <li>
      {name}{' '}
      {isAsked ? (
        <span className="actions">
          It will not unlock this device any more.{' '}
          <button type="button" onClick={remove} disabled={attempt.isBusy}>
            Remove it
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            Keep it
          </button>
        </span>
      ) : (
        <button type="button" aria-label={`Remove: ${name}`} onClick={() => setAsked(true)}>
          Remove …
        </button>
      )}
      <p className="fault" role="status">
        {told}
      </p>
      <AttemptNote attempt={attempt} title="Not removed" />
    </li>
  );
};

export const WaysPanel = ({ device }: { readonly device: Device }) => {
  const { vault, keys } = device;
  const { ways, read } = useWays(device);
  const [passphrase, setPassphrase] = useState('');
  const attempt = useAttempt();
  const seconds = useSecondsUntil(attempt.waitUntilMs);
  const isReady = passphrase !== '' && seconds === 0 && !attempt.isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    setPassphrase('');
    void attempt.run(async () => {
      await vault.addWay({ user: keys.user, passphrase }, { passkey: true });
      await read();
    });
  };
  return (
    <details className="renew">
      <summary>How I unlock this device</summary>
      <ul className="ways" aria-label="My ways to unlock">
        {ways.map((way) => (
          <Way key={way.id} {...{ way, device }} onChanged={() => void read()} />
        ))}
      </ul>
      <form aria-label="Add a passkey" onSubmit={submit}>
        <p>
          A passkey unlocks by fingerprint, face or PIN of this device. What the authenticator sees of you stays there.
          Your passphrase stays the way back in when the passkey is gone, and you sign with it.
        </p>
        <PassphraseField
          label="Your passphrase"
          use="current"
          user={keys.user}
          value={passphrase}
          onChange={setPassphrase}
        />
        <AttemptNote attempt={attempt} title="Not added" />
        <Waiting untilMs={attempt.waitUntilMs} seconds={seconds} />
        <button type="submit" className="fit" disabled={!isReady}>
          {attempt.isBusy ? 'Adding …' : 'Add a passkey'}
        </button>
      </form>
    </details>
  );
};
