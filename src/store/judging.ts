/**
 * What speaks against commits that come from elsewhere, by who may end conflicts and by the access list as this device holds it: the question that the server was
 * asked when it took them, answered by the same function. Own events that the server has not confirmed came after them there.
 * Law: `authority.laws`.
 */
import type { Commit, RecordedEvent } from '../core/commit.ts';
import { accessBook, bookStream } from '../streams/accessBook.ts';
import { judgeResolutions } from '../streams/resolutions.ts';
import type { JudgedCommit } from '../sync/receipts.ts';
import type { Session } from './session.ts';

type JudgingSession = Pick<Session, 'definitions' | 'states' | 'identity' | 'mark' | 'succession'>;

/** Commits against which something speaks, each as often as something does. */
export const judgeCommits = async (
  session: JudgingSession,
  commits: readonly Commit[],
): Promise<readonly JudgedCommit[]> => {
  const judged: JudgedCommit[] = commits.flatMap((commit) => {
    const judgement = judgeResolutions(session.definitions, commit);
    return judgement === undefined ? [] : [{ commit, judgement }];
  });
  if (commits.length === 0) return judged;
  const { tenant, replica } = session.identity;
  for (const definition of session.definitions.values()) {
    if (definition.judge === undefined) continue;
    const { acknowledged } = session.mark();
    const closings = session.succession.closings$.value;
    const isHereOnly = ({ body, context }: RecordedEvent): boolean =>
      context.replica === replica
        ? body.sequence > acknowledged
        : closings.some(
            (each) => each.replica === context.replica && each.forkedAt !== null && body.sequence >= each.forkedAt,
          );
    const held = (await session.states.history(bookStream(definition, tenant))).filter((event) => !isHereOnly(event));
    let book = accessBook(
      definition,
      tenant,
      held.map(({ body, context }) => ({ context, events: [body] })),
    );
    for (const commit of commits) {
      const judgement = book.judge(commit);
      if (judgement !== undefined) judged.push({ commit, judgement });
      book = book.after(commit);
    }
  }
  return judged;
};
