/** One value with its code and unit. */
import { type Field, shownValue } from '../model/fields.ts';

export const Value = (props: { readonly field: Field; readonly value: string | null | undefined }) => {
  const { text, code, unit } = shownValue(props.field, props.value);
  const isMissing = props.value === undefined || props.value === null;
  return (
    <span className={isMissing ? 'value missing' : 'value'}>
      {text}
      {unit === '' ? null : <span className="unit"> {unit}</span>}
      {code === '' ? null : <span className="unit"> ({code})</span>}
    </span>
  );
};
