/** Three ways to compare a value in conflict: what it was, what was recorded here, and what was recorded elsewhere. */
import { useEffect, useId, useState } from 'react';
import type { AggregateDefinition, Conflict, EventDefinitions, OpenedEvent } from '../../src/index.ts';
import { headValue } from '../model/conflicts.ts';
import type { Device } from '../model/device.ts';
import type { Field } from '../model/fields.ts';
import { HeadInfo } from './HeadInfo.tsx';
import { Value } from './Value.tsx';

/**
 * The newest events of a key that every side had seen; undefined until they are read. Without them the sides can still be told.
 * @param of  which aggregate of the device's, the same on each rendering
 */
export const useAncestors = <E extends EventDefinitions, C, S>(
  { store }: Device,
  of: AggregateDefinition<E, C, S>,
  { id, conflict: { key } }: { readonly id: string; readonly conflict: Conflict },
): readonly OpenedEvent[] | undefined => {
  const [ancestors, setAncestors] = useState<readonly OpenedEvent[]>();
  useEffect(() => {
    let isCurrent = true;
    const read = async (): Promise<readonly OpenedEvent[]> => {
      const sides = await store.aggregate(of, id).branches();
      return sides?.keys.find((each) => each.key === key)?.ancestors ?? [];
    };
    read().then(
      (found) => isCurrent && setAncestors(found),
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [store, of, id, key]);
  return ancestors;
};

/** What may be chosen: the id of a head or of the ancestor, or a value that nobody has recorded. */
export const ANOTHER = 'another';

/** What has been chosen and is not recorded yet. `isReviewed`: it is shown for a last look. */
export type Decision = {
  readonly choice: string;
  readonly entry: string;
  readonly reason: string;
  readonly isReviewed: boolean;
};
export const UNDECIDED: Decision = { choice: '', entry: '', reason: '', isReviewed: false };

type Side = { readonly title: string; readonly event: OpenedEvent };

const Option = (props: {
  readonly name: string;
  readonly field: Field;
  readonly side: Side;
  readonly choice: string;
  readonly onChoice: (choice: string) => void;
}) => {
  const { id } = props.side.event.body;
  return (
    <label className="choice side">
      <span className="side-title">
        <input type="radio" name={props.name} checked={props.choice === id} onChange={() => props.onChoice(id)} />
        {props.side.title}
      </span>
      <Value field={props.field} value={headValue(props.side.event)} />
      <HeadInfo head={props.side.event} />
    </label>
  );
};

/** What stands before the sides where nothing can be chosen: there was nothing, or that was in conflict itself. */
const Before = ({
  field,
  ancestors,
}: {
  readonly field: Field;
  readonly ancestors: readonly OpenedEvent[] | undefined;
}) => (
  <div className="choice side">
    <span className="side-title">Before</span>
    {ancestors === undefined ? 'Reading …' : ancestors.length === 0 ? <Value field={field} value={undefined} /> : null}
    {ancestors?.map((event) => (
      <span key={event.body.id}>
        <Value field={field} value={headValue(event)} />
        <HeadInfo head={event} />
      </span>
    ))}
  </div>
);

/** Before, here and elsewhere, side by side. Each may be chosen, by pointer or by the arrow keys; or another value. */
export const Comparison = (props: {
  readonly device: Device;
  readonly field: Field;
  readonly conflict: Conflict;
  readonly ancestors: readonly OpenedEvent[] | undefined;
  readonly choice: string;
  readonly onChoice: (choice: string) => void;
}) => {
  const name = useId();
  const { device, field, conflict, ancestors, choice, onChoice } = props;
  const common = { name, field, choice, onChoice };
  const [before] = ancestors?.length === 1 ? ancestors : [];
  const titleOf = ({ context }: OpenedEvent) => (context.replica === device.store.replica ? 'Here' : 'Elsewhere');
  return (
    <fieldset className="choices">
      <legend>Which value is right?</legend>
      <div className="compare">
        {before === undefined ? (
          <Before field={field} ancestors={ancestors} />
        ) : (
          <Option {...common} side={{ title: 'Before: neither of these', event: before }} />
        )}
        {conflict.heads.map((event) => (
          <Option key={event.body.id} {...common} side={{ title: titleOf(event), event }} />
        ))}
      </div>
      <label className="choice">
        <input type="radio" name={name} checked={choice === ANOTHER} onChange={() => onChoice(ANOTHER)} />
        <span>Another value</span>
      </label>
    </fieldset>
  );
};
