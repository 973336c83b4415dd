/**
 * What speaks against commits that come from elsewhere, by roles, by who may end conflicts, and by the access list at their place in the server's order:
 * the question that the server was asked when it took them, answered by the same function. What is held counts as far as it is known to come
 * before: where own events matter, the server is asked for own commits too, and gives them in their place; where everything is pulled
 * again, what is held of others counts from its page on.
 * Laws: `authority.laws`, `judging.laws`.
 */
import type { AggregateDefinition } from '../core/aggregate.ts';
import type { Commit } from '../core/commit.ts';
import type { ReplicaId } from '../core/ids.ts';
import { seen } from '../core/versionVector.ts';
import { type AccessBook, accessBook, bookStream } from '../streams/accessBook.ts';
import { judgePermits } from '../streams/permits.ts';
import type { BeforeCursor, JudgedCommit } from '../sync/receipts.ts';
import type { Session } from './session.ts';

export type JudgingSession = Pick<Session, 'definitions'> & {
  readonly identity: Pick<Session['identity'], 'replica' | 'tenant'>;
  readonly states: Pick<Session['states'], 'get' | 'history'>;
  readonly log: Pick<Session['log'], 'head'>;
  readonly succession: Pick<Session['succession'], 'closings$'>;
};

const booksOf = ({ definitions }: JudgingSession): readonly AggregateDefinition[] =>
  [...definitions.values()].filter(({ judge }) => judge !== undefined);

export const isJudgedByOwn = (session: JudgingSession, placed: number): boolean => {
  const { tenant, replica } = session.identity;
  return booksOf(session).some((definition) => {
    const state = session.states.get(bookStream(definition, tenant));
    return state !== undefined && seen(state.fold.frontier, replica) > placed;
  });
};

/** True if what a replica wrote with this sequence is held here and lies before the cursor. */
const isBefore = (session: JudgingSession, replica: ReplicaId, sequence: number, before: BeforeCursor): boolean => {
  if (replica === session.identity.replica) return sequence <= before.placed;
  const { forkedAt } = session.succession.closings$.value.find((closing) => closing.replica === replica) ?? {};
  if (typeof forkedAt === 'number' && sequence >= forkedAt) return false; // it is here only
  return sequence <= (before.again === null ? session.log.head(replica).sequence : (before.again[replica] ?? 0));
};

/** The list as it stood at the cursor. */
const bookAt = async (
  session: JudgingSession,
  definition: AggregateDefinition,
  before: BeforeCursor,
): Promise<AccessBook> => {
  const { tenant } = session.identity;
  const held = await session.states.history(bookStream(definition, tenant));
  return accessBook(
    definition,
    tenant,
    held
      .filter(({ body, context }) => isBefore(session, context.replica, body.sequence, before))
      .map(({ body, context }) => ({ context, events: [body] })),
  );
};

/** Commits against which something speaks, each as often as something does: own ones are in their place, and not judged. */
export const judgeCommits = async (
  session: JudgingSession,
  commits: readonly Commit[],
  before: BeforeCursor,
): Promise<readonly JudgedCommit[]> => {
  const isOwn = ({ replica }: Commit) => replica === session.identity.replica;
  const judged: JudgedCommit[] = commits.flatMap((commit) => {
    const judgement = isOwn(commit) ? undefined : judgePermits(session.definitions, commit);
    return judgement === undefined ? [] : [{ commit, judgement }];
  });
  for (const definition of booksOf(session)) {
    let book = await bookAt(session, definition, before);
    for (const commit of commits) {
      const judgement = isOwn(commit) ? undefined : book.judge(commit);
      if (judgement !== undefined) judged.push({ commit, judgement });
      if (!isBefore(session, commit.replica, commit.first, before)) book = book.after(commit);
    }
  }
  return judged;
};
