/** People of the study, each with role, devices, and what they were given. */
import { type AccessEntry, ADMINISTRATION } from '../../src/clinical.ts';
import type { AccessAct, AccessList as List } from '../model/access.ts';
import { STUDY, spelled } from '../model/studyKey.ts';
import { utcText } from '../model/times.ts';
import { useReplicaName } from './replicas.ts';

type OnAct = (act: AccessAct) => void;
type DeviceEntry = AccessEntry['devices'][number];

const STATE: Readonly<Record<DeviceEntry['state'], string>> = {
  requested: 'asks to be let in',
  enrolled: 'enrolled',
  revoked: 'revoked',
  recovery: 'recovery key',
};

const DeviceLine = (props: { readonly device: DeviceEntry; readonly list: List; readonly onAct: OnAct }) => {
  const { device, list, onAct } = props;
  const { holder, user, replica, state, revokedFrom, keys } = device;
  const name = useReplicaName()(replica);
  const isOwn = holder === list.fingerprint;
  return (
    <li>
      <p>
        {name}
        {isOwn ? ' (this one)' : ''} <span className={state === 'enrolled' ? 'tag' : 'tag warn'}>{STATE[state]}</span>{' '}
        {revokedFrom === null ? '' : `from ${utcText(revokedFrom)}, `}
        <span className="muted">{keys.length === 1 ? '1 key' : `${keys.length} keys`}</span>
      </p>
      <code>{spelled(holder)}</code>
      {list.mayChange && list.isHolder && state === 'enrolled' && keys.length === 0 ? (
        <button
          type="button"
          className="fit"
          aria-label={`Grant the key to ${name} of ${user}`}
          onClick={() => onAct({ kind: 'grant', holder, user, device: `device of ${user}` })}
        >
          Grant the key …
        </button>
      ) : null}
      {!list.mayChange || isOwn || state === 'revoked' ? null : (
        <button
          type="button"
          className="fit"
          aria-label={`Revoke ${name} of ${user}`}
          onClick={() => onAct({ kind: 'revoke', holder, user, device: `device of ${user}` })}
        >
          Revoke …
        </button>
      )}
    </li>
  );
};

const administers = ({ isActive, given }: AccessEntry): boolean => isActive && given.includes(ADMINISTRATION);

const PersonActs = ({ entry, onAct }: { readonly entry: AccessEntry; readonly onAct: OnAct }) => {
  const button = (kind: 'remove' | 'readmit' | 'role' | 'administer' | 'retire', text: string, of = '') => (
    <button type="button" aria-label={`${text} ${of}${entry.user}`} onClick={() => onAct({ kind, entry })}>
      {text} …
    </button>
  );
  return (
    <p className="actions">
      {entry.isActive ? button('role', 'Change role', 'of ') : button('readmit', 'Readmit')}
      {entry.isActive ? button('remove', 'Remove') : null}
      {entry.isActive && !administers(entry) ? button('administer', 'Let administer') : null}
      {administers(entry) ? button('retire', 'End administration', 'by ') : null}
    </p>
  );
};

const Person = (props: {
  readonly entry: AccessEntry;
  readonly list: List;
  readonly isSelf: boolean;
  readonly onAct: OnAct;
}) => {
  const { entry, list, isSelf, onAct } = props;
  const { user, role, site, isActive, given, devices } = entry;
  return (
    <li className="signature person">
      <p>
        <strong>{user}</strong>, {role}
        {site === null ? '' : ` at ${site}`} {isSelf ? '(acting now) ' : ''}
        {isActive ? null : <span className="tag warn">removed</span>}
        {isActive && given.includes(STUDY) ? <span className="tag">may hold the study’s key</span> : null}
        {administers(entry) ? <span className="tag">administers</span> : null}
      </p>
      <ul aria-label={`Devices of ${user}`}>
        {devices.map((device) => (
          <DeviceLine key={device.holder} {...{ device, list, onAct }} />
        ))}
      </ul>
      {list.mayChange && !isSelf ? <PersonActs {...{ entry, onAct }} /> : null}
    </li>
  );
};

export const AccessList = ({
  list,
  self,
  onAct,
}: {
  readonly list: List;
  readonly self: string;
  readonly onAct: OnAct;
}) =>
  list.entries.length === 0 ? (
    <p>Nobody was in the study: its key was not made yet. Who makes it, under People, is the first.</p>
  ) : (
    <ol className="people" aria-label="People of the study">
      {list.entries.map((entry) => (
        <Person key={entry.user} {...{ entry, list, onAct }} isSelf={entry.user === self} />
      ))}
    </ol>
  );
