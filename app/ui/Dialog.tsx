/** A modal dialog of the platform: it keeps the focus, gives it back, and closes on Escape. */
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

export const Dialog = (props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) => {
  const ref = useRef<HTMLDialogElement>(null);
  const title = useId();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('form input, form select, form textarea')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={title}
      className={props.wide === true ? 'dialog wide' : 'dialog'}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return; // of a dialog within this one
        event.preventDefault();
        props.onClose();
      }}
    >
      <header className="dialog-head">
        <h3 id={title}>{props.title}</h3>
        <button type="button" className="icon" aria-label="Close" onClick={props.onClose}>
          ×
        </button>
      </header>
      {props.children}
    </dialog>
  );
};
