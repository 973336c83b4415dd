/** The foot of a dialog that settles a conflict: first to a last look, then to the record; until then it may be left. */
import type { ComponentProps } from 'react';
import { DialogFoot } from './DialogFoot.tsx';

export const ResolutionFoot = ({
  isReviewed,
  ...props
}: Omit<ComponentProps<typeof DialogFoot>, 'submit' | 'leave'> & { readonly isReviewed: boolean }) => (
  <DialogFoot
    {...props}
    submit={isReviewed ? 'Record the decision' : 'Review'}
    leave={isReviewed ? 'Back' : 'Decide later'}
  />
);
