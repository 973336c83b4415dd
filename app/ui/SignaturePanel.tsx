/**
 * The signatures of a form, on screen and in print: printed name, local date and time with zone, meaning, state. Every part that
 * 21 CFR 11.50 asks for is text, so that it is on the paper too.
 */
import { useState } from 'react';
import type { FormContext, SignatureManifest } from '../../src/clinical.ts';
import type { AggregateSnapshot } from '../../src/index.ts';
import type { Device } from '../model/device.ts';
import type { Field } from '../model/fields.ts';
import { vouchersText } from '../model/signerKeys.ts';
import { ACT_TEXT, type Act, STATE_TEXT } from '../model/signing.ts';
import { FailurePanel } from './FailurePanel.tsx';
import { SignDialog } from './SignDialog.tsx';
import { SinceDialog } from './SinceDialog.tsx';
import { useSignatures } from './useSignatures.ts';

type Props = {
  readonly device: Device;
  readonly form: string;
  /** What the form is called, for whoever signs it. */
  readonly title: string;
  readonly snapshot: AggregateSnapshot<FormContext>;
  readonly fieldOf: (key: string) => Field;
};

type Acting =
  | { readonly kind: 'since'; readonly manifest: SignatureManifest }
  | { readonly kind: 'act'; readonly act: Act; readonly version: number };

type OnAct = (acting: Act | { readonly kind: 'since'; readonly manifest: SignatureManifest }) => void;

const Part = ({ name, text }: { readonly name: string; readonly text: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{text}</dd>
  </div>
);

const Choices = (props: { readonly manifest: SignatureManifest; readonly user: string; readonly onAct: OnAct }) => {
  const { manifest, user, onAct } = props;
  const { act, state, signer, printedName, signAgain, later } = manifest;
  const isOwn = signer === user;
  const stands = act === 'Signed' && (state === 'intact' || state === 'changed-since' || state === 'unendorsed');
  const about = `signature of ${printedName}`;
  return (
    <p className="actions">
      {later.length === 0 ? null : (
        <button
          type="button"
          className={signAgain ? 'primary' : undefined}
          aria-label={`Look at what changed since the ${about}`}
          onClick={() => onAct({ kind: 'since', manifest })}
        >
          Look at what changed
        </button>
      )}
      {stands && !isOwn && state === 'intact' ? (
        <button
          type="button"
          aria-label={`Counter-sign the ${about}`}
          onClick={() => onAct({ kind: 'counter-sign', manifest })}
        >
          Counter-sign
        </button>
      ) : null}
      {stands && isOwn ? (
        <button
          type="button"
          aria-label={`Withdraw the ${about}`}
          onClick={() => onAct({ kind: 'withdraw', manifest })}
        >
          Withdraw
        </button>
      ) : null}
    </p>
  );
};

const Manifest = (props: { readonly manifest: SignatureManifest; readonly user: string; readonly onAct: OnAct }) => {
  const { act, signer, printedName, meaning, atText, state, later, faults, reason, signAgain, keyEnded, endorsedBy } =
    props.manifest;
  return (
    <li className={`signature ${state}`}>
      <p>
        <strong>{printedName}</strong> <span className="muted">({signer})</span>{' '}
        <span className={`tag ${state}`}>{STATE_TEXT[state]}</span>
      </p>
      <dl className="manifest">
        <Part name="Act" text={ACT_TEXT[act]} />
        <Part name="Meaning" text={meaning} />
        <Part name="Date and time" text={atText} />
        {reason === undefined ? null : <Part name="Reason" text={reason} />}
        {later.length === 0 ? null : (
          <Part
            name="Since then"
            text={`${later.length} ${later.length === 1 ? 'entry' : 'entries'} not covered${signAgain ? '; to be signed again' : ''}`}
          />
        )}
        {faults.length === 0 ? null : <Part name="Does not hold" text={`${faults.join(', ')}. Do not rely on it.`} />}
        {endorsedBy.length === 0 ? null : <Part name="New key endorsed by" text={vouchersText(endorsedBy)} />}
        {state === 'unendorsed' ? (
          <Part name="Note" text="The signer’s key is new, and too few have vouched for it yet." />
        ) : null}
        {keyEnded ? (
          <Part name="Note" text="The signer’s key ended on another device; which came first is not known." />
        ) : null}
      </dl>
      <Choices {...props} />
    </li>
  );
};

const whyNot = ({ value, conflicts, readOnly }: Props['snapshot']): string => {
  if (conflicts.length > 0) return 'Resolve the conflict before signing.';
  if (readOnly) return 'Update the app before signing.';
  return value === 'empty' ? 'Nothing is entered yet.' : '';
};

export const SignaturePanel = (props: Props) => {
  const { device, form, snapshot } = props;
  const { manifests, failure } = useSignatures(device, form);
  const [acting, setActing] = useState<Acting>();
  const why = whyNot(snapshot);
  const begin: OnAct = (chosen) =>
    setActing(chosen.kind === 'since' ? chosen : { kind: 'act', act: chosen, version: snapshot.version });
  const close = () => setActing(undefined);
  return (
    <section className="signatures" aria-label="Signatures">
      <h4>Signatures</h4>
      {failure === undefined ? null : <FailurePanel title="The signatures cannot be read" failure={failure} />}
      {manifests === undefined ? null : manifests.length === 0 ? (
        <p className="muted">Not signed.</p>
      ) : (
        <ol>
          {manifests.map((manifest) => (
            <Manifest
              key={`${manifest.id} ${manifest.act} ${manifest.signer} ${manifest.at.utc}`}
              manifest={manifest}
              user={device.keys.user}
              onAct={begin}
            />
          ))}
        </ol>
      )}
      <p className="actions">
        <button type="button" disabled={why !== ''} onClick={() => begin({ kind: 'sign' })}>
          Sign form
        </button>
        <span className="muted">{why}</span>
      </p>
      {acting?.kind === 'act' ? (
        <SignDialog {...props} act={acting.act} version={acting.version} onClose={close} />
      ) : null}
      {acting?.kind === 'since' ? (
        <SinceDialog
          {...props}
          manifest={acting.manifest}
          onSign={acting.manifest.signer === device.keys.user && why === '' ? () => begin({ kind: 'sign' }) : undefined}
          onClose={close}
        />
      ) : null}
    </section>
  );
};
