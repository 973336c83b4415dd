/** The people of a device: who can unlock it, and letting another one in. */
import { type FormEvent, useEffect, useState } from 'react';
import { admitUser } from '../model/access.ts';
import type { Device } from '../model/device.ts';
import { roleSetting } from '../model/gate.ts';
import { passphraseFault } from '../model/passphrase.ts';
import { useAnnounce } from './announce.tsx';
import { Dialog } from './Dialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { PassphraseField } from './PassphraseField.tsx';
import { RenewForm } from './RenewForm.tsx';
import { StudyKeyPanel } from './StudyKeyPanel.tsx';
import { TextField } from './TextField.tsx';
import { useAttempt } from './useAttempt.ts';

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
  const [passphrase, setPassphrase] = useState('');
  const [repeated, setRepeated] = useState('');
  const announce = useAnnounce();
  const { isBusy, failure, run } = useAttempt();
  const fault = passphraseFault(passphrase, repeated);
  const isReady = user.trim() !== '' && role.trim() !== '' && fault === '' && !isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const person = { user: user.trim(), role: role.trim(), passphrase };
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
      <PassphraseField label="Passphrase" use="new" user={user} value={passphrase} onChange={setPassphrase} />
      <PassphraseField label="Repeat passphrase" use="repeat" user={user} value={repeated} onChange={setRepeated} />
      <DialogFoot
        refusal={repeated === '' ? '' : fault}
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
      <StudyKeyPanel device={props.device} />
    </Dialog>
  );
};
