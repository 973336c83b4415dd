/** The foot of a dialog that settles a conflict: it may also be left for later. */
import type { ComponentProps } from 'react';
import { DialogFoot } from './DialogFoot.tsx';

export const ResolutionFoot = (props: Omit<ComponentProps<typeof DialogFoot>, 'submit' | 'leave'>) => (
  <DialogFoot {...props} submit="Resolve" leave="Decide later" />
);
