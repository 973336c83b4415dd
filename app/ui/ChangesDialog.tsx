/** Asked when a file differs from what a device holds: one reason for all, or leave what is held alone. */
import { useState } from 'react';
import type { Importer, ImportState } from '../model/importer.ts';
import { Dialog } from './Dialog.tsx';
import { ReasonField } from './ReasonField.tsx';

export const ChangesDialog = (props: {
  readonly asking: Extract<ImportState, { kind: 'asking' }>;
  readonly importer: Importer;
}) => {
  const { changes, suggestion } = props.asking;
  const [reason, setReason] = useState(suggestion);
  return (
    <Dialog title="The file differs from what this device holds" onClose={props.importer.cancel}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() !== '') props.importer.answer(reason.trim());
        }}
      >
        <p>
          {changes} {changes === 1 ? 'value differs' : 'values differ'} from the value held, and the file gives no
          reason. Nothing is overwritten: the value of the file would be recorded as a change, with one reason for all
          of them.
        </p>
        <ReasonField reason={reason} onChange={setReason} standard={[suggestion, 'Source document corrected']} />
        <div className="actions">
          <button type="submit" className="primary" disabled={reason.trim() === ''}>
            Record {changes === 1 ? 'the change' : `${changes} changes`}
          </button>
          <button type="button" onClick={() => props.importer.answer(null)}>
            Keep what is held
          </button>
          <button type="button" onClick={props.importer.cancel}>
            Cancel the import
          </button>
        </div>
      </form>
    </Dialog>
  );
};
