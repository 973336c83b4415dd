/** The foot of a dialog that records something: why it was not recorded, and the two ways out. */
import type { Failure } from '../model/failure.ts';
import { FailurePanel } from './FailurePanel.tsx';

export const DialogFoot = (props: {
  /** Why the event was refused, in words; empty if it was not. */
  readonly refusal: string;
  readonly failure: Failure | undefined;
  readonly submit: string;
  readonly leave: string;
  readonly isReady: boolean;
  readonly onLeave: () => void;
}) => (
  <>
    {props.refusal === '' ? null : (
      <p className="panel failure" role="alert">
        {props.refusal}
      </p>
    )}
    {props.failure === undefined ? null : <FailurePanel title="Not recorded" failure={props.failure} />}
    <div className="actions">
      <button type="submit" className="primary" disabled={!props.isReady}>
        {props.submit}
      </button>
      <button type="button" onClick={props.onLeave}>
        {props.leave}
      </button>
    </div>
  </>
);
