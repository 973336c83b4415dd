/** The last look at a decision before it is recorded: what will hold, who decides, and why. */
import { type ReactNode, useEffect, useRef } from 'react';
import type { Device } from '../model/device.ts';

export const Review = (props: { readonly device: Device; readonly reason: string; readonly children: ReactNode }) => {
  const { user, role } = props.device.store.actor();
  const ref = useRef<HTMLElement>(null);
  useEffect(() => ref.current?.focus(), []); // what had the focus is gone
  return (
    <section ref={ref} tabIndex={-1} className="review" aria-label="Your decision">
      <p role="status">
        <strong>Nothing is recorded yet.</strong> This will be:
      </p>
      {props.children}
      <p>
        Decided by {user}, {role}. Reason: {props.reason}
      </p>
    </section>
  );
};
