/** Confirming a change of access: what it does, and a reason that goes on record with it. */

import { type FormEvent, useState } from 'react';
import { type AccessAct, changeAccess } from '../model/access.ts';
import type { Device } from '../model/device.ts';
import { instantOf, localText } from '../model/times.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { ReasonField } from './ReasonField.tsx';
import { TextField } from './TextField.tsx';
import { TimeField } from './TimeField.tsx';
import { useAttempt } from './useAttempt.ts';

type Words = { readonly title: string; readonly submit: string; readonly about: string; readonly standard: string[] };

const SEEN = 'What was seen before cannot be taken back.';

/** What an act is called and does, in words. */
export const wordsOf = (act: AccessAct): Words => {
  switch (act.kind) {
    case 'remove': {
      const { user } = act.entry;
      const about = `${user} gets no key from now on, on any device, and those who stay get a newer one. ${SEEN}`;
      return { title: `Remove ${user}`, submit: 'Remove', about, standard: ['Left the study'] };
    }
    case 'readmit': {
      const { user } = act.entry;
      const about = `${user} gets the present key again, on devices that were not revoked.`;
      return { title: `Readmit ${user}`, submit: 'Readmit', about, standard: ['Back in the study'] };
    }
    case 'role': {
      const { user } = act.entry;
      const about = `What ${user} records from then on carries the new role.`;
      return { title: `Role of ${user}`, submit: 'Change role', about, standard: ['Delegation log changed'] };
    }
    case 'administer': {
      const { user } = act.entry;
      const about = `${user} may then let people in, take them off, and say who administers, on every enrolled device.`;
      return { title: `Let ${user} administer`, submit: 'Let administer', about, standard: ['Delegation log changed'] };
    }
    case 'retire': {
      const { user } = act.entry;
      const about = `${user} may not change this list any more, and keeps what else was given.`;
      return { title: `End administration by ${user}`, submit: 'End it', about, standard: ['Delegation log changed'] };
    }
    case 'revoke': {
      const about = `The ${act.device} gets no key from now on, and everybody else gets a newer one. ${SEEN}`;
      return {
        title: `Revoke the ${act.device}`,
        submit: 'Revoke',
        about,
        standard: ['Device lost', 'Device replaced'],
      };
    }
    case 'grant': {
      const about = `${act.user} can open what is sealed, on that device. Grant it where you know the device.`;
      return { title: `Grant the key to ${act.user}`, submit: 'Grant', about, standard: ['Needed for the study'] };
    }
    case 'rotate': {
      const about = 'Everybody in the study gets a newer key, and what is sealed from then on lies under it.';
      return { title: 'Make a newer key', submit: 'Make a newer key', about, standard: ['Due by schedule'] };
    }
  }
};

export const AccessActForm = (props: {
  readonly device: Device;
  readonly act: AccessAct;
  readonly onDone: (text: string) => void;
  readonly onLeave: () => void;
}) => {
  const { device, act, onDone, onLeave } = props;
  const hasRole = act.kind === 'role' || act.kind === 'readmit';
  const [reason, setReason] = useState('');
  const [role, setRole] = useState(hasRole ? act.entry.role : '');
  const [from, setFrom] = useState(() => localText(Date.now()));
  const [refusal, setRefusal] = useState('');
  const { isBusy, failure, run } = useAttempt();
  const { about, submit: name, standard } = wordsOf(act);
  const since = instantOf(from);
  const isReady = reason.trim() !== '' && since !== undefined && (!hasRole || role.trim() !== '') && !isBusy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    void run(async () => {
      const { text, isGood } = await changeAccess(device, act, {
        reason: reason.trim(),
        role: role.trim(),
        from: since,
      });
      setRefusal(isGood ? '' : text);
      if (isGood) onDone(text);
    });
  };
  return (
    <form onSubmit={submit}>
      <p>{about}</p>
      {hasRole ? <TextField label="Role" value={role} onChange={setRole} /> : null}
      {act.kind === 'revoke' ? (
        <TimeField
          label="Its use does not count from"
          value={from}
          onChange={setFrom}
          hint="When it was lost, if that is known."
        />
      ) : null}
      <ReasonField label="Reason" reason={reason} onChange={setReason} standard={standard} />
      <DialogFoot
        {...{ refusal, failure, isReady }}
        submit={isBusy ? 'Recording …' : name}
        leave="Back"
        onLeave={onLeave}
      />
    </form>
  );
};
