/**
 * Seals what is protected before it goes to the writer: as soon as it is sent, everything of a job at once, beside the
 * transaction that is under way.
 *
 * Invariant: events reach the writer in the order in which they were sent, whether sealing took long or not; without
 * protected fields nothing waits. Law: `fields.laws` (events sent one after the other are stored in that order).
 */
import type { EventId } from '../core/ids.ts';
import type { Fields } from '../streams/fields.ts';
import type { Draft, WriteJob } from '../streams/job.ts';
import type { Writer } from '../streams/writer.ts';

const sealedIds = (drafts: readonly Draft[]): readonly EventId[] =>
  drafts.flatMap(({ sealed }) => (sealed === undefined ? [] : [sealed.id]));

/** The writer, for drafts in the clear. */
export const sealingWriter = (writer: Writer, fields: Fields): Writer => {
  let turn: Promise<void> | undefined;

  const seal = async ({ drafts, series }: WriteJob): Promise<readonly Draft[]> => {
    try {
      return await Promise.all(drafts.map((draft) => (fields.hasProtected(draft) ? fields.seal(draft) : draft)));
    } catch (error) {
      if (series !== undefined) series.failure ??= { error };
      throw error;
    }
  };
  const write: Writer['write'] = async (job) => {
    if (turn === undefined && !job.drafts.some(fields.hasProtected)) return writer.write(job);
    const before = turn;
    const sealing = seal(job);
    const handOver = async () => {
      const drafts = await sealing.finally(() => before);
      return { ids: sealedIds(drafts), written: writer.write({ ...job, drafts }) };
    };
    const handed = handOver();
    const mine = handed.then(
      ({ written }) => void written.catch(() => undefined), // told to whoever wrote it
      () => undefined,
    );
    turn = mine;
    void mine.then(() => {
      if (turn === mine) turn = undefined;
    });
    const { ids, written } = await handed;
    try {
      return await written;
    } finally {
      fields.forget(ids);
    }
  };
  return {
    ...writer,
    write,
    idle: async () => {
      await turn;
      await writer.idle();
    },
    close: async () => {
      await turn;
      await writer.close();
    },
  };
};
