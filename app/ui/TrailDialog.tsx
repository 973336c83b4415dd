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

/** A long history opens where it ends. */
const intoView = (row: HTMLTableRowElement | null): void => row?.scrollIntoView({ block: 'nearest' });

const Line = ({
  type,
  entry,
  tell,
  isLast,
}: {
  readonly type: string;
  readonly entry: Entry;
  readonly tell: Tell;
  readonly isLast: boolean;
}) => {
  const device = useReplicaName()(entry.replica);
  const detail = tell(entry.payload);
  return (
    <tr ref={isLast ? intoView : undefined} className={entry.applied ? undefined : 'without-effect'}>
      <td data-label="What">
        {eventText(type, entry.type)}
        {detail === '' ? null : <span className="trail-detail">{detail}</span>}
        {entry.applied ? null : <span className="tag warn">without effect</span>}
        {entry.resolves.length > 0 ? <span className="tag resolved">resolved a conflict</span> : null}
      </td>
      <td data-label="State after it">
        <StateTag type={type} value={entry.after.value} />
      </td>
      <td data-label="Who">
        <strong>{entry.actor.user}</strong>, {entry.actor.role}
      </td>
      <td data-label="When">{recordedText(entry.recordedAt)}</td>
      <td data-label="Where">{device}</td>
      <td data-label="Why">{entry.reason ?? <span className="muted">none</span>}</td>
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
          <table className="history stacked">
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
                <Line
                  key={entry.eventId}
                  type={props.of.type}
                  entry={entry}
                  tell={props.tell ?? detailText}
                  isLast={entry === lines.at(-1)}
                />
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
