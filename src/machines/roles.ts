/**
 * Who may record what, by the role in which they act: a study's choice over an aggregate that leaves it open.
 *
 * Invariant: `can`, `send`, the fold of every device and of the server, and what both point out go by the same roles. An event that is not
 * for its author's role is kept, marked, without effect, and no side of a conflict. The role is what the commit says.
 * Laws: `roles.test`, `realServer.test`.
 */
import type { AggregateDefinition, EventDefinitions } from '../core/aggregate.ts';
import { sourceOf } from './source.ts';

/** Roles by event type; everybody may record the others. */
export type RolesOf<E extends EventDefinitions> = { readonly [K in keyof E & string]?: readonly string[] };

/**
 * The same aggregate, some of whose events are for some roles. A store is opened with it in place of the other. It holds for what was
 * recorded before, too: where a role is taken off, its events lose their effect.
 */
export const withRoles = <E extends EventDefinitions, C, S>(
  definition: AggregateDefinition<E, C, S>,
  roles: RolesOf<E>,
): AggregateDefinition<E, C, S> => {
  const given = Object.entries<readonly string[] | undefined>(roles);
  const named = given.flatMap(([type, own]): [string, readonly string[]][] => (own === undefined ? [] : [[type, own]]));
  return {
    ...definition,
    roles: new Map(named),
    source: () => sourceOf([definition.source(), named]),
  };
};
