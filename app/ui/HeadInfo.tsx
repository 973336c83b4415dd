/** Who made one side of a conflict, in what role, on which device, when and why. */

import type { OpenedEvent } from '../../src/index.ts';
import { Form } from '../model/form.ts';
import { recordedText } from '../model/times.ts';
import { eventText } from '../model/wording.ts';
import { useReplicaName } from './replicas.ts';

export const HeadInfo = ({ head }: { readonly head: OpenedEvent }) => {
  const { actor, replica, recordedAt } = head.context;
  const device = useReplicaName()(replica);
  return (
    <span className="head-info">
      {actor.user}, {actor.role}, on {device}
      <br />
      {recordedText(recordedAt)}
      <br />
      Reason: {head.body.reason ?? (head.body.type === 'ItemRecorded' ? 'none (first value)' : 'none')}
    </span>
  );
};

/** What a head did, for one that is not a value. */
export const headAct = ({ body }: OpenedEvent): string => eventText(Form.type, body.type);
