/** While the log is folded anew, after an update for instance: says so, quietly, and how far it is. Spoken once, without the figures. */
import { useRebuild } from '../../src/react/index.ts';

export const RebuildNote = () => {
  const { state, percent } = useRebuild();
  return (
    <p className="muted rebuild" role="status" aria-live="polite">
      {state === 'current' ? null : 'This device is being brought up to date'}
      {state === 'rebuilding' ? <span aria-hidden="true">, {percent} %</span> : null}
      {state === 'failing' ? '. It could not be finished, and is tried again.' : null}
    </p>
  );
};
