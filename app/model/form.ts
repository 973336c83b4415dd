/**
 * The form with this study's roles: whoever enters data completes it; who looks after data verifies, freezes and locks. Signing asks for a
 * signer, whatever their role.
 */
import { Form as ClinicalForm } from '../../src/clinical.ts';
import { withRoles } from '../../src/index.ts';

const DATA_ROLES = ['data manager', 'monitor', 'investigator'] as const;

export const Form = withRoles(ClinicalForm, {
  FormVerified: DATA_ROLES,
  FormFrozen: DATA_ROLES,
  FormThawed: DATA_ROLES,
  FormLocked: DATA_ROLES,
  FormUnlocked: DATA_ROLES,
});

/** The roles that decide a conflict over a whole form, which is done by locking or unlocking it; none for somebody who may. */
export const whoDecidesForm = (role: string): readonly string[] => {
  const own = [...(Form.roles?.get('FormLocked') ?? [])];
  return own.includes(role) ? [] : own;
};
