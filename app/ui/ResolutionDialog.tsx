/** The dialog that settles a conflict: what is decided, a last look at it, and the record; until then it may be left. */
import type { ReactNode } from 'react';
import type { SendOutcome } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import { Review } from './ConflictsReview.tsx';
import { Dialog } from './Dialog.tsx';
import { ResolutionFoot } from './ResolutionFoot.tsx';
import { useResolution } from './useResolution.ts';

type Props = {
  readonly device: Device;
  readonly title: string;
  readonly wide?: boolean;
  /** As it was entered. `isReviewed`: what was decided is shown for a last look. */
  readonly decision: { readonly reason: string; readonly isReviewed: boolean };
  readonly onReview: (isReviewed: boolean) => void;
  /** True if nothing is missing but perhaps the reason. */
  readonly isDecided: boolean;
  /** What will hold. */
  readonly decided: ReactNode;
  readonly record: (reason: string) => Promise<readonly SendOutcome[]>;
  readonly onClose: () => void;
  readonly onResolved: () => void;
  /** Where it is decided. */
  readonly children: ReactNode;
};

export const ResolutionDialog = (props: Props) => {
  const { device, title, wide = false, onReview, onClose, record } = props;
  const { resolve, busy, told } = useResolution(props.onResolved);
  const { isReviewed } = props.decision;
  const reason = props.decision.reason.trim();
  const isReady = props.isDecided && reason !== '' && !busy;
  const submit = () => {
    if (!isReviewed) onReview(true);
    else void resolve(() => record(reason));
  };
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) submit();
        }}
      >
        {isReviewed ? (
          <Review device={device} reason={reason}>
            {props.decided}
          </Review>
        ) : (
          props.children
        )}
        <ResolutionFoot
          {...told}
          {...{ isReviewed, isReady }}
          onLeave={() => (isReviewed ? onReview(false) : onClose())}
        />
      </form>
    </Dialog>
  );
};
