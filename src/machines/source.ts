/**
 * Everything that a replay depends on, as text: configuration, guards, assigns, upcasters, touched keys. Two definitions
 * with the same text fold alike, unless a function calls another that lies outside the definition and has changed; for
 * that an aggregate has its `version`.
 */

const propertiesOf = (value: object): readonly [string, unknown][] =>
  Object.keys(value)
    .sort()
    .map((name) => [name, Reflect.get(value, name)]);

/** The text of a value, its functions by their source. What was met before on the way down is named, not followed. */
export const sourceOf = (value: unknown, above: readonly unknown[] = []): string => {
  if (typeof value === 'function') return `${value}${propertiesText(value, above)}`;
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `[${value.map((each) => sourceOf(each, [...above, value])).join()}]`;
  if (typeof value === 'object' && value !== null) return propertiesText(value, above);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

const propertiesText = (value: object, above: readonly unknown[]): string => {
  if (above.includes(value)) return '(above)';
  return `{${propertiesOf(value)
    .map(([name, each]) => `${name}:${sourceOf(each, [...above, value])}`)
    .join()}}`;
};
