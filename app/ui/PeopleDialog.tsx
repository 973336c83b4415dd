/** The people of a device: who can unlock it, and letting another one in. */
import { type FormEvent, useEffect, useState } from 'react';
import { admitUser } from '../model/access.ts';
import type { Device } from '../model/device.ts';
import { roleSetting } from '../model/gate.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { NewPassphrase, useNewPassphrase } from './NewPassphrase.tsx';
import { RenewForm } from './RenewForm.tsx';
import { StudyKeyPanel } from './StudyKeyPanel.tsx';
import { TextField } from './TextField.tsx';
import { useAttempt } from './useAttempt.ts';
import { WaysPanel } from './WaysPanel.tsx';

type Props = { readonly device: Device; readonly onClose: () => void };

const useUsers = ({ keys }: Device): readonly string[] => {
  const [users, setUsers] = useState<readonly string[]>([]);
  useEffect(() => {
    let isCurrent = true;
    keys.users().then(
      (found) => isCurrent && setUsers(found),
      () => isCurrent && setUsers([]),
    );
    return () => {
      isCurrent = false;
    };
  }, [keys]);
  return users;
};

const enrol = async (device: Device, person: { user: string; role: string; passphrase: string }) => {
  const { vault, keys, spec } = device;
  const { user, role, passphrase } = person;
  const share = [...new Set((await keys.wrappingKeys()).map(({ name }) => name))];
  await vault.enrol(keys, { user, passphrase }, { share });
  roleSetting(spec, user).set(role);
  await admitUser(device, { user, role });
};

const EnrolForm = ({ device, onClose }: Props) => {
  const [user, setUser] = useState('');
  const [role, setRole] = useState('');
  const chosen = useNewPassphrase();
  const announce = useAnnounce();
  const { isBusy, failure, run } = useAttempt();
  const isReady = user.trim() !== '' && role.trim() !== '' && chosen.fault === '' && !isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const person = { user: user.trim(), role: role.trim(), passphrase: chosen.value };
    void run(async () => {
      await enrol(device, person);
      announce(`${person.user} can unlock ${device.spec.title} from now on.`, 'good');
      onClose();
    });
  };
  return (
    <form onSubmit={submit}>
      <TextField label="New user" value={user} onChange={setUser} hint="An id that nobody else ever had." />
      <TextField label="Role" value={role} onChange={setRole} />
      <p>The new user types a passphrase that nobody else knows.</p>
      <NewPassphrase label="Passphrase" user={user} chosen={chosen} />
      <DialogFoot
        refusal=""
        failure={failure === undefined ? undefined : { ...failure, place: '' }}
        submit={isBusy ? 'Enrolling …' : 'Enrol this user'}
        leave="Close"
        isReady={isReady}
        onLeave={onClose}
      />
    </form>
  );
};

export const PeopleDialog = (props: Props) => {
  const users = useUsers(props.device);
  return (
    <Dialog title={`People of ${props.device.spec.title}`} onClose={props.onClose}>
      <p>Who can unlock this device:</p>
      <ul aria-label="People who can unlock this device">
        {users.map((user) => (
          <li key={user}>
            {user}
            {user === props.device.keys.user ? ' (acting now)' : ''}
          </li>
        ))}
      </ul>
      <EnrolForm {...props} />
      <RenewForm {...props} />
      <WaysPanel device={props.device} />
      <StudyKeyPanel device={props.device} />
    </Dialog>
  );
};
