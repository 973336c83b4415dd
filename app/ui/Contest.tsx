/** The sides of what is in conflict as a whole, and how it ends: by whatever is done next, with a reason. */
import type { Conflict } from '../../src/index.ts';
import { allHeads } from '../model/conflicts.ts';
import { detailText, eventText, wordingOf } from '../model/wording.ts';
import { HeadInfo } from './HeadInfo.tsx';

type Props = {
  readonly type: string;
  readonly conflicts: readonly Conflict[];
  /** What an event says, in words. */
  readonly tell?: typeof detailText;
};

export const Contest = ({ type, conflicts, tell = detailText }: Props) => {
  if (conflicts.length === 0) return null;
  const { noun } = wordingOf(type);
  return (
    <div className="panel conflict-banner" role="alert">
      <p>
        <strong>Two devices went on with {noun} without having seen each other.</strong> Both entries are kept. What you
        do next is recorded as the decision between them, with your reason.
      </p>
      <ul className="sides" aria-label={`What ${noun} has in conflict`}>
        {allHeads({ conflicts }).map((head) => (
          <li key={head.body.id}>
            <strong>{eventText(type, head.body.type)}</strong> {tell(head.payload)}
            <HeadInfo head={head} />
          </li>
        ))}
      </ul>
    </div>
  );
};
