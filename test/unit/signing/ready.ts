/** Where most laws on signatures begin: a person who may sign, and records to be signed. */
import { KEY_A } from '../support.ts';
import { personOf } from './people.ts';
import { contentOf, openWorld } from './world.ts';

export const MAYER = await personOf('dr-mayer', 'Dr. Ana Mayer');

/** Two items of one form, seen and ready to be signed by a person who is enrolled and accountable. */
export const ready = async () => {
  const world = openWorld();
  const account = await world.account(KEY_A, MAYER);
  const first = await world.item(KEY_A, 'BP.SYS');
  const second = await world.item(KEY_A, 'BP.DIA', [first]);
  const items = [first, second];
  return { world, account, items, first, second, content: contentOf(MAYER, account, items) };
};

/** The same, signed. */
export const sign = async () => {
  const made = await ready();
  const signed = await made.world.act(KEY_A, made.content, { signedBy: MAYER.key });
  return { ...made, signed };
};
