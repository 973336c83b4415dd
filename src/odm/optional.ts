/** Members that are absent rather than undefined. */

/** A member that is left out when there is nothing to say. */
export const optional = <K extends string, T>(name: K, value: T | undefined): { readonly [P in K]?: T } => {
  const made: { [P in K]?: T } = {};
  if (value !== undefined) made[name] = value;
  return made;
};
