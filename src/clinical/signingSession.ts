/**
 * Signing sessions: asks for the components of a signature as 21 CFR 11.200(a) wants it, and gives the key for one act.
 * When all are needed is the machine's to say (`machines/clinical/signingSession.ts`); whether they are right is the host's,
 * by `Authenticate`. No secret and no key is kept here. It works offline if `authenticate` does.
 */
import { type PublicKey32, type Signature64, type UserId, userId } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import { closedSession, nextSession, type SigningSessionEvent } from '../machines/clinical/signingSession.ts';

/** A signer's key for one act. */
export type SigningHand = {
  readonly publicKey: PublicKey32;
  readonly sign: (message: Uint8Array<ArrayBuffer>) => Promise<Signature64>;
};

/**
 * Checks id and secret and gives that user's signing key. To throw when they are not right is the host's; what it throws is
 * passed on, and ends the session. `vault.signingKey` of `indelible/keys` is one.
 */
export type Authenticate<Secret> = (proof: { readonly user: UserId; readonly secret: Secret }) => Promise<SigningHand>;

/** What a person gives to sign. The id may be left out where the session is open. */
export type Components<Secret> = { readonly user?: string; readonly secret: Secret };

export type Proven = { readonly kind: 'proven'; readonly user: UserId; readonly hand: SigningHand };

export type SigningSession<Secret> = {
  /** What the next signing needs: all components, or the secret of `user` alone. */
  readonly needs: () => { readonly parts: 'all' } | { readonly parts: 'secret'; readonly user: UserId };
  /** Who signs, going by id and session, before anything is proven; undefined where the id is needed and missing. */
  readonly signerOf: (components: Components<Secret>) => UserId | undefined;
  /** Checks components. `all-needed`: the id is missing. @throws what `authenticate` throws; then the session has ended */
  readonly prove: (components: Components<Secret>) => Promise<Proven | { readonly kind: 'all-needed' }>;
  /** Says that the user is there: idle time begins anew. */
  readonly touch: () => void;
  /** Ends the session: the device was locked, or another user took it. */
  readonly end: () => void;
};

export type SigningSessionOptions<Secret> = {
  readonly authenticate: Authenticate<Secret>;
  readonly clock: Pick<Clock, 'nowMs' | 'uptimeMs'>;
  /** Milliseconds without a sign of the user after which all components are needed again. */
  readonly idleMs: number;
  /** What locks the device: the session ends with it. A `KeySession` is one. */
  readonly lockedBy?: { readonly onLock: (listener: () => void) => unknown };
};

/** Opens a session; it begins closed. Keep one for each user interface, and none across restarts. */
export const openSigningSession = <Secret>(options: SigningSessionOptions<Secret>): SigningSession<Secret> => {
  const { authenticate, clock, idleMs, lockedBy } = options;
  let state = closedSession(idleMs);
  /** Counts the breaks: a proof that was under way when the session broke opens nothing. */
  let breaks = 0;
  const now = () => ({ wallMs: clock.nowMs(), uptimeMs: clock.uptimeMs() });
  const take = (event: SigningSessionEvent): void => {
    state = nextSession(state, event);
  };
  const end = (): void => {
    breaks += 1;
    take({ type: 'BROKEN' });
  };
  lockedBy?.onLock(end);
  const signerOf = ({ user }: Components<Secret>): UserId | undefined => {
    take({ type: 'ASKED', user, at: now() });
    if (user !== undefined) return userId(user);
    return state.value === 'open' ? userId(state.context.user) : undefined;
  };
  return {
    needs: () => {
      take({ type: 'ASKED', user: undefined, at: now() });
      return state.value === 'open' ? { parts: 'secret', user: userId(state.context.user) } : { parts: 'all' };
    },
    signerOf,
    prove: async (components) => {
      const user = signerOf(components);
      if (user === undefined) return { kind: 'all-needed' };
      const before = breaks;
      const parts = components.user === undefined ? 'secret' : 'all';
      try {
        const hand = await authenticate({ user, secret: components.secret });
        if (breaks !== before) return { kind: 'all-needed' };
        take({ type: 'PROVEN', user, parts, at: now() });
        return { kind: 'proven', user, hand };
      } catch (error) {
        end();
        throw error;
      }
    },
    touch: () => take({ type: 'SEEN', at: now() }),
    end,
  };
};
