/**
 * The buttons of an aggregate. One that is not legal now stays in reach of the keyboard and says where it would be; of two that undo each
 * other only the one that is legal is there.
 */
import { useState } from 'react';
import type { EventDefinitions } from '../../src/index.ts';
import type { Act, Answers } from '../model/acts.ts';
import { ActDialog, firstAnswers } from './ActDialog.tsx';
import { FailurePanel } from './FailurePanel.tsx';
import { type Acting, useAct } from './useAct.ts';

type Props<E extends EventDefinitions> = {
  readonly acting: Acting<E>;
  readonly acts: readonly Act<E>[];
  /** What the buttons are about, for those who hear them one by one. */
  readonly about: string;
};

const ActButton = <E extends EventDefinitions>({
  acting,
  act,
  about,
  onTell,
}: Omit<Props<E>, 'acts'> & { readonly act: Act<E>; readonly onTell: (why: string) => void }) => {
  const [isAsking, setAsking] = useState(false);
  const { run, failure, isBusy } = useAct(acting, act, () => undefined);
  const none: Answers = firstAnswers(act);
  const refusal = acting.whyNot(act.event(none));
  const why = refusal === '' || act.when === undefined ? refusal : `${refusal}; this is taken ${act.when}`;
  const asks = act.fields.length > 0 || acting.needsReason(act.event(none));
  const press = () => {
    onTell(why === '' ? '' : `${act.name}: ${why}.`);
    if (why !== '' || isBusy) return;
    if (asks) setAsking(true);
    else void run(none, '').then(onTell);
  };
  return (
    <>
      <button
        type="button"
        aria-disabled={why !== ''}
        aria-label={about === '' ? act.name : `${act.name}: ${about}`}
        title={why === '' ? undefined : `${act.name}: ${why}.`}
        onClick={press}
      >
        {act.name}
      </button>
      {failure === undefined ? null : <FailurePanel title="Not recorded" failure={failure} />}
      {isAsking ? <ActDialog acting={acting} act={act} about={about} onClose={() => setAsking(false)} /> : null}
    </>
  );
};

/** Where there are more, those that are not legal now are folded away. */
const FOLD_ABOVE = 5;

export const ActBar = <E extends EventDefinitions>({ acting, acts, about }: Props<E>) => {
  // beside the buttons, and not at the foot of the page, which a dialog would keep from being heard
  const [told, setTold] = useState('');
  const isLegal = (act: Act<E>): boolean => acting.whyNot(act.event(firstAnswers(act))) === '';
  const isShown = (act: Act<E>): boolean => {
    if (act.insteadOf !== undefined) return isLegal(act);
    const other = acts.find(({ insteadOf }) => insteadOf === act.name);
    return other === undefined || !isLegal(other);
  };
  const shown = acts.filter(isShown);
  const folded = shown.length > FOLD_ABOVE ? shown.filter((act) => !isLegal(act)) : [];
  const button = (act: Act<E>) => <ActButton key={act.name} acting={acting} act={act} about={about} onTell={setTold} />;
  return (
    <div className="act-bar">
      {shown.filter((act) => !folded.includes(act)).map(button)}
      {folded.length === 0 ? null : (
        <details>
          <summary>Not possible now</summary>
          <div className="act-bar">{folded.map(button)}</div>
        </details>
      )}
      <p className="act-told" role="status">
        {told}
      </p>
    </div>
  );
};
