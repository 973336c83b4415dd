/** The stage of a form: where it stands, what leads on from there, and how it came to it. */
import { useState } from 'react';
import { useAggregate, useStore } from '../../src/react/index.ts';
import { FORM_ACTS } from '../model/acts.ts';
import { isFormWide } from '../model/conflicts.ts';
import { Form } from '../model/form.ts';
import { ActBar } from './ActBar.tsx';
import { TrailDialog } from './TrailDialog.tsx';
import { actingOn } from './useAct.ts';

export const StageBar = ({ form }: { readonly form: string }) => {
  const [snapshot, handle] = useAggregate(Form, form);
  const { role } = useStore().actor();
  const [isReading, setReading] = useState(false);
  return (
    <div className="stage-bar">
      {isFormWide(snapshot) ? null : (
        <ActBar acting={actingOn(Form, snapshot, handle, { role, isDecided: true })} acts={FORM_ACTS} about="" />
      )}
      <button type="button" className="link" onClick={() => setReading(true)}>
        History of the stages
      </button>
      {isReading ? (
        <TrailDialog
          of={Form}
          id={form}
          title="Stages of the form"
          without="ItemRecorded"
          onClose={() => setReading(false)}
        />
      ) : null}
    </div>
  );
};
