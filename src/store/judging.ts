/**
 * What speaks against commits that come from elsewhere, by who may end conflicts and by the access list at their place in the server's order:
 * the question that the server was asked when it took them, answered by the same function. Own events are in that list as far as they
 * are known to come before: where it matters, the server is asked for own commits too, and gives them in their place.
 * Laws: `authority.laws`, `judging.laws`.
 */
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { Commit, RecordedEvent } from '../core/commit.ts';
import { seen } from '../core/versionVector.ts';
import { type AccessBook, accessBook, bookStream } from '../streams/accessBook.ts';
import { judgeResolutions } from '../streams/resolutions.ts';
import type { JudgedCommit } from '../sync/receipts.ts';
import type { Session } from './session.ts';

type JudgingSession = Pick<Session, 'definitions' | 'states' | 'identity' | 'succession'>;

const booksOf = ({ definitions }: JudgingSession): readonly AggregateDefinition[] =>
  [...definitions.values()].filter(({ judge }) => judge !== undefined);

export const isJudgedByOwn = (session: JudgingSession, placed: number): boolean => {
  const { tenant, replica } = session.identity;
  return booksOf(session).some((definition) => {
    const state = session.states.get(bookStream(definition, tenant));
    return state !== undefined && seen(state.fold.frontier, replica) > placed;
  });
};

/** The list as it stood at the cursor: without own events that are not known to lie before it, and without what is held here only. */
const bookAt = async (
  session: JudgingSession,
  definition: AggregateDefinition,
  placed: number,
): Promise<AccessBook> => {
  const { tenant, replica } = session.identity;
  const closings = session.succession.closings$.value;
  const isBefore = ({ body, context }: RecordedEvent): boolean =>
    context.replica === replica
      ? body.sequence <= placed
      : !closings.some(
          (each) => each.replica === context.replica && each.forkedAt !== null && body.sequence >= each.forkedAt,
        );
  const held = (await session.states.history(bookStream(definition, tenant))).filter(isBefore);
  return accessBook(
    definition,
    tenant,
    held.map(({ body, context }) => ({ context, events: [body] })),
  );
};

/** Commits against which something speaks, each as often as something does. @param placed  highest own sequence before the first of them */
export const judgeCommits = async (
  session: JudgingSession,
  commits: readonly Commit[],
  placed: number,
): Promise<readonly JudgedCommit[]> => {
  const { replica } = session.identity;
  const others = commits.filter((commit) => commit.replica !== replica);
  const judged: JudgedCommit[] = others.flatMap((commit) => {
    const judgement = judgeResolutions(session.definitions, commit);
    return judgement === undefined ? [] : [{ commit, judgement }];
  });
  if (others.length === 0) return judged;
  for (const definition of booksOf(session)) {
    let book = await bookAt(session, definition, placed);
    for (const commit of commits) {
      const isOwn = commit.replica === replica;
      const judgement = isOwn ? undefined : book.judge(commit);
      if (judgement !== undefined) judged.push({ commit, judgement });
      if (!isOwn || commit.first > placed) book = book.after(commit);
    }
  }
  return judged;
};
