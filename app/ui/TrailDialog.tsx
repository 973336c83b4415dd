/** What became of an aggregate, oldest first: each event with the states around it, who, when, where and why. */
import type { AggregateDefinition, EventDefinitions, MachineState, TrailEntry } from '../../src/index.ts';
import { useAggregate } from '../../src/react/index.ts';
import { recordedText } from '../model/times.ts';
import { detailText, eventText } from '../model/wording.ts';
import { Dialog } from './Dialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { useReplicaName } from './replicas.ts';
import { StateTag } from './StateTag.tsx';
import { useHistory } from './useTrail.ts';

type Entry = TrailEntry<MachineState>;

type Tell = typeof detailText;

const Line = ({ type, entry, tell }: { readonly type: string; readonly entry: Entry; readonly tell: Tell }) => {
  const device = useReplicaName()(entry.replica);
  const detail = tell(entry.payload);
  return (
    <tr className={entry.applied ? undefined : 'without-effect'}>
      <td>
        {eventText(type, entry.type)}
        {detail === '' ? null : <span className="trail-detail">{detail}</span>}
        {entry.applied ? null : <span className="tag warn">without effect</span>}
        {entry.resolves.length > 0 ? <span className="tag resolved">resolved a conflict</span> : null}
      </td>
      <td>
        <StateTag type={type} value={entry.after.value} />
      </td>
      <td>
        <strong>{entry.actor.user}</strong>, {entry.actor.role}
      </td>
      <td>{recordedText(entry.recordedAt)}</td>
      <td>{device}</td>
      <td>{entry.reason ?? <span className="muted">none</span>}</td>
    </tr>
  );
};

export const TrailDialog = <E extends EventDefinitions, C, S>(props: {
  readonly of: AggregateDefinition<E, C, S>;
  readonly id: string;
  readonly title: string;
  /** Types that are told elsewhere. */
  readonly without?: string;
  /** What an event says, in words. */
  readonly tell?: Tell;
  readonly onClose: () => void;
}) => {
  const [{ version }, handle] = useAggregate(props.of, props.id);
  const { trail, failure } = useHistory(handle, version);
  const lines: readonly Entry[] | undefined = trail?.filter(({ type }) => type !== props.without);
  return (
    <Dialog title={props.title} onClose={props.onClose} wide>
      {failure === undefined ? null : <FailurePanel title="The history cannot be read" failure={failure} />}
      {lines === undefined ? (
        <p>Reading …</p>
      ) : lines.length === 0 ? (
        <p className="muted">Nothing is recorded yet.</p>
      ) : (
        <div className="scroll">
          <table className="history">
            <thead>
              <tr>
                {['What', 'State after it', 'Who', 'When (device time)', 'Where', 'Why'].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map((entry) => (
                <Line key={entry.eventId} type={props.of.type} entry={entry} tell={props.tell ?? detailText} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="actions">
        <button type="button" onClick={props.onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
};
