/** Who is at a device, when it locks by itself, and what they can do about it. */
import { useEffect, useRef, useState } from 'react';
import type { Device } from '../model/device.ts';
import { AccessDialog } from './AccessDialog.tsx';
import { useAnnounce } from './announce.tsx';
import { useNow, useObservable } from './hooks.ts';
import { PeopleDialog } from './PeopleDialog.tsx';

const WARN_MINUTES = 2;
const TICK_MS = 5_000;

const LocksIn = ({ device }: { readonly device: Device }) => {
  const minutes = device.presence.minutesLeft(useNow(TICK_MS));
  const announce = useAnnounce();
  const told = useRef(false);
  const isSoon = minutes <= WARN_MINUTES;
  useEffect(() => {
    if (isSoon && !told.current)
      announce(`${device.spec.title} locks in ${minutes} min. Any key or touch keeps it open.`);
    told.current = isSoon;
  }, [isSoon, minutes, announce, device]);
  return <span className={isSoon ? 'locks soon' : 'locks muted'}>Locks in {minutes} min</span>;
};

export const UserBar = (props: { readonly device: Device; readonly onLock: (next: 'same' | 'other') => void }) => {
  const { device, onLock } = props;
  const role = useObservable(device.role.value$, device.role.value);
  const [open, setOpen] = useState<'people' | 'access'>();
  const close = () => setOpen(undefined);
  return (
    <div className="actor">
      <span>
        <span className="muted">Acting</span> <strong>{device.keys.user}</strong>, {role}
      </span>
      <LocksIn device={device} />
      <span className="actions">
        <button type="button" onClick={() => onLock('same')}>
          Lock
        </button>
        <button type="button" onClick={() => onLock('other')}>
          Switch user
        </button>
        <button type="button" onClick={() => setOpen('people')}>
          People
        </button>
        <button type="button" onClick={() => setOpen('access')}>
          Access
        </button>
      </span>
      {open === 'people' ? <PeopleDialog device={device} onClose={close} /> : null}
      {open === 'access' ? <AccessDialog device={device} onClose={close} /> : null}
    </div>
  );
};
