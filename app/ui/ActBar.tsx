/**
 * The buttons of an aggregate. One that is not legal now stays in reach of the keyboard and says where it would be; of two that undo each
 * other only the one that is legal is there.
 */
import { useState } from 'react';
import type { EventDefinitions } from '../../src/index.ts';
import type { Act, Answers } from '../model/acts.ts';
import { ActDialog, firstAnswers } from './ActDialog.tsx';
import { useAnnounce } from './announce.tsx';
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
}: Omit<Props<E>, 'acts'> & { readonly act: Act<E> }) => {
  const announce = useAnnounce();
  const [isAsking, setAsking] = useState(false);
  const { run, failure, isBusy } = useAct(acting, act, () => undefined);
  const none: Answers = firstAnswers(act);
  const why = acting.whyNot(act.event(none));
  const asks = act.fields.length > 0 || acting.needsReason(act.event(none));
  const press = () => {
    if (why !== '') announce(`${act.name}: ${why}.`, 'bad');
    else if (asks) setAsking(true);
    else if (!isBusy) void run(none, '');
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

export const ActBar = <E extends EventDefinitions>({ acting, acts, about }: Props<E>) => {
  const isLegal = (act: Act<E>): boolean => acting.whyNot(act.event(firstAnswers(act))) === '';
  const isShown = (act: Act<E>): boolean => {
    if (act.insteadOf !== undefined) return isLegal(act);
    const other = acts.find(({ insteadOf }) => insteadOf === act.name);
    return other === undefined || !isLegal(other);
  };
  return (
    <p className="act-bar">
      {acts.filter(isShown).map((act) => (
        <ActButton key={act.name} acting={acting} act={act} about={about} />
      ))}
    </p>
  );
};
