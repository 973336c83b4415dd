/** Who acts on a device: user id and role, part of every event recorded from now on. */
import { useId, useState } from 'react';
import type { Device } from '../model/device.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { useObservable } from './hooks.ts';

const ActorDialog = ({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) => {
  const [user, setUser] = useState(device.actor.value().userId);
  const [role, setRole] = useState(device.actor.value().role);
  const announce = useAnnounce();
  const id = useId();
  const ready = user.trim() !== '' && role.trim() !== '';
  return (
    <Dialog title={`Who acts on ${device.spec.title}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          device.actor.set({ userId: user.trim(), role: role.trim() });
          announce(`From now on ${user.trim()} (${role.trim()}) acts on ${device.spec.title}.`);
          onClose();
        }}
      >
        <div className="field">
          <label htmlFor={`${id}-user`}>User</label>
          <input
            id={`${id}-user`}
            value={user}
            maxLength={200}
            autoComplete="off"
            onChange={(event) => setUser(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-role`}>Role</label>
          <input
            id={`${id}-role`}
            value={role}
            maxLength={200}
            autoComplete="off"
            onChange={(event) => setRole(event.target.value)}
          />
        </div>
        <div className="actions">
          <button type="submit" className="primary" disabled={!ready}>
            Use this person
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
};

export const ActorEditor = ({ device }: { readonly device: Device }) => {
  const actor = useObservable(device.actor.value$, device.actor.value);
  const [open, setOpen] = useState(false);
  return (
    <p className="actor">
      <span className="muted">Acting</span> <strong>{actor.userId}</strong>, {actor.role}{' '}
      <button type="button" className="link" onClick={() => setOpen(true)}>
        Change person
      </button>
      {open ? <ActorDialog device={device} onClose={() => setOpen(false)} /> : null}
    </p>
  );
};
