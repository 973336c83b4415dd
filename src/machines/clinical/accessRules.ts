/**
 * Who may record what of access, and whose commits are taken. Pure; the list is the one at the event's place.
 *
 * - Whoever records the first user, themself, founds the list and administers it, at first from that replica alone.
 * - Administration is a name that a user is given like that of a key (`ADMINISTRATION`); it counts on enrolled devices of that user. The
 *   last who has it cannot be taken off.
 * - Of itself a device asks to be let in, says which keys it has and makes newer ones of names that its user was given; who holds a
 *   key grants it; a custodian releases the own share; a user reports an own device lost.
 *
 * - A new signing key is proposed by its holder on a device of theirs that was let in, and vouched for by people on such devices, as
 *   administrator by those who administer. Those events are of the signer's stream (`signer.ts`), and judged all the same.
 *
 * That a replica is who it says is shown by its commit's signature. Which of several users of one tablet acts is the tablet's word.
 * Laws: `accessRules.laws`.
 */
import type { Author, SendableEvent } from '../../core/aggregate.ts';
import { streamParts } from '../../core/ids.ts';
import { SIGNER_TYPE } from '../../crypto/signerEvents.ts';
import { type KeyWord, readEnrolledKey, readKeyWord } from '../../crypto/signerKey.ts';
import type { Authority, CommitAuthor, ElsewhereEvent, Standing } from '../authority.ts';
import type { accessEvents } from './accessEvents.ts';
import { type AccessContext, type DeviceHolder, entryOf, isActive, isEntitled, isPresent } from './accessList.ts';
import { isReadable } from './signer.ts';

/** What a user is given who may let people in and take them off. No key has this name. */
export const ADMINISTRATION = 'administration';

type AccessEvent = SendableEvent<typeof accessEvents>;
type Who = Pick<Author, 'user' | 'replica'>;

const isGivenAdministration = (context: AccessContext, user: string): boolean =>
  isActive(context, user) && entryOf(context.given, user)?.includes(ADMINISTRATION) === true;

/** Where a user may administer: enrolled devices, and the replica on which they founded the list. */
const seatsOf = (
  { holders, founder }: AccessContext,
  user: string,
): readonly { holder?: string; replica: string }[] => [
  ...Object.entries(holders).flatMap(([holder, device]) =>
    device.user === user && device.state === 'enrolled' ? [{ holder, replica: device.replica }] : [],
  ),
  ...(founder?.user === user ? [{ replica: founder.replica }] : []),
];

/** True if this user, on this replica, may change the list. */
export const isAdministrator = (context: AccessContext, { user, replica }: Who): boolean =>
  isGivenAdministration(context, user) && seatsOf(context, user).some((seat) => seat.replica === replica);

/** True if somebody can still administer without this user, or without this device. */
const isLeftToSomebody = (
  context: AccessContext,
  without: { readonly user?: string; readonly holder?: string },
): boolean =>
  Object.keys(context.users).some(
    (user) =>
      user !== without.user &&
      isGivenAdministration(context, user) &&
      seatsOf(context, user).some(({ holder }) => holder === undefined || holder !== without.holder),
  );

const speaksFor = ({ holders }: AccessContext, holder: string, { replica }: Who): boolean =>
  entryOf(holders, holder)?.replica === replica;

/** True if an enrolled device of this replica has the key. */
const holdsKey = (context: AccessContext, wrapping: string, author: Who): boolean =>
  (entryOf(context.held, wrapping) ?? []).some(
    (holder) => isPresent(context, holder) && speaksFor(context, holder, author),
  );

/** A device may be reported lost by its own user, from another one. */
const mayRevoke = (context: AccessContext, holder: string, author: Who): boolean => {
  if (!isLeftToSomebody(context, { holder })) return false;
  if (isAdministrator(context, author)) return true;
  const isOwn = entryOf(context.holders, holder)?.user === author.user;
  return isOwn && seatsOf(context, author.user).some(({ replica }) => replica === author.replica);
};

/** True if this author may record this event where the list is as given. Whether it is in order is the machine's to say. */
export const mayRecord = (event: AccessEvent & { readonly author: Author }, context: AccessContext): boolean => {
  const { author } = event;
  switch (event.type) {
    case 'UserAdded':
      return isListed(context) ? isAdministrator(context, author) : event.user === author.user;
    case 'DeviceRequested':
      return event.replica === author.replica;
    case 'DeviceRevoked':
      return mayRevoke(context, event.holder, author);
    case 'UserRemoved':
      return isAdministrator(context, author) && isLeftToSomebody(context, { user: event.user });
    case 'AccessRevoked':
      if (event.name === ADMINISTRATION && !isLeftToSomebody(context, { user: event.user })) return false;
      return isAdministrator(context, author);
    case 'WrappingKeyMade':
      return (
        event.name !== ADMINISTRATION &&
        speaksFor(context, event.holder, author) &&
        isEntitled(context, event.holder, event.name)
      );
    case 'KeyGranted':
      return holdsKey(context, event.wrapping, author);
    case 'KeyHeld':
    case 'PassphraseRenewed':
      return speaksFor(context, event.holder, author);
    case 'RecoveryShareReleased':
      return speaksFor(context, event.by, author);
    default:
      return isAdministrator(context, author);
  }
};

const isListed = ({ users }: AccessContext): boolean => Object.keys(users).length > 0;

/** True if this is a device of this user that was let in. */
const isSeated = (context: AccessContext, { user, replica }: Who): boolean =>
  isActive(context, user) && seatsOf(context, user).some((seat) => seat.replica === replica);

const readOr = <T>(read: () => T): T | undefined => {
  let found: T | undefined;
  isReadable(() => {
    found = read();
  });
  return found;
};

const mayVouch = (word: KeyWord | undefined, author: Who, context: AccessContext): boolean => {
  if (word?.signer !== author.user) return false;
  return word.as === 'administrator' ? isAdministrator(context, author) : isSeated(context, author);
};

/** Words that were gathered elsewhere are recorded by somebody who administers; one's own word by oneself. */
const mayReplace = (payload: unknown, signer: string, author: Who, context: AccessContext): boolean => {
  const words = readOr(() => readEnrolledKey(payload, true))?.endorsements ?? [];
  const isOwn = author.user === signer && words.some((word) => word.signer === signer);
  return isOwn ? isSeated(context, author) : isAdministrator(context, author);
};

/** True if this author may record this event of a signer's stream; of other streams, and where no list is, everybody may. */
export const mayRecordElsewhere = (
  event: Omit<ElsewhereEvent, 'author'> & { readonly author: Who },
  context: AccessContext,
): boolean => {
  const { stream, type, payload, author } = event;
  if (!stream.startsWith(`${SIGNER_TYPE}/`) || !isListed(context)) return true;
  const signer = streamParts(stream).id;
  const name: string = type;
  switch (name) {
    case 'SignerKeyProposed':
      return author.user === signer && isSeated(context, author);
    case 'SignerKeyEndorsed':
      return mayVouch(
        readOr(() => readKeyWord(payload, signer)),
        author,
        context,
      );
    case 'SignerKeyReplaced':
      return mayReplace(payload, signer, author, context);
    default:
      return true;
  }
};

const later = (a: string, b: string): string => (a > b ? a : b);

/**
 * Since when a replica's use does not count for a user: all devices that it speaks for are revoked, the user's own above all. One that only
 * asks does not count: who has a stolen device could ask anew, and say that it was before it was taken off.
 */
const deviceGoneFrom = ({ holders }: AccessContext, { user, replica }: Who): string | undefined => {
  const here = Object.values(holders).filter(
    (device) => device.state !== 'requested' && (device.replica === replica || device.formerReplicas.includes(replica)),
  );
  const own = here.filter((device) => device.user === user);
  const asked: readonly DeviceHolder[] = own.length > 0 ? own : here;
  if (asked.length === 0 || asked.some(({ state }) => state !== 'revoked')) return undefined;
  return asked.reduce((from, { revokedFrom }) => later(from, revokedFrom ?? ''), '');
};

/** True if somebody else is there who uses this device: what they record must not be kept back with it. */
const isShared = (context: AccessContext, { user, replica }: Who): boolean =>
  Object.entries(context.holders).some(
    ([holder, device]) => device.replica === replica && device.user !== user && isPresent(context, holder),
  );

const standingOf = (author: CommitAuthor, context: AccessContext): Standing => {
  const said = later(author.at, author.receiptTime ?? '');
  const deviceFrom = deviceGoneFrom(context, author);
  if (deviceFrom !== undefined) return said >= deviceFrom ? 'gone' : 'late';
  const userFrom = entryOf(context.users, author.user)?.removedFrom ?? null;
  if (userFrom === null) return 'there';
  return said >= userFrom && !isShared(context, author) ? 'gone' : 'late';
};

/** True if this replica speaks for a device that was let in and whose user is there, or if nobody was recorded yet. */
export const isLetIn = (replica: string, context: AccessContext): boolean =>
  !isListed(context) ||
  Object.entries(context.holders).some(([holder, device]) => device.replica === replica && isPresent(context, holder));

export const accessAuthority: Authority<AccessEvent, AccessContext> = {
  allows: mayRecord,
  allowsElsewhere: mayRecordElsewhere,
  standing: standingOf,
  carries: isLetIn,
};
