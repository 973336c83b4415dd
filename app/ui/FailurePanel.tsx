/** A failure as a person meets it: code, text, place, what to do. */
import type { ReactNode } from 'react';
import type { Failure } from '../model/failure.ts';

export const FailurePanel = (props: {
  readonly title: string;
  readonly failure: Failure;
  readonly children?: ReactNode;
}) => (
  <div className="panel failure" role="alert">
    <p className="panel-title">
      <strong>{props.title}</strong> <code>{props.failure.code}</code>
    </p>
    <p>{props.failure.text}</p>
    {props.failure.place === '' ? null : <p className="detail">{props.failure.place}</p>}
    {props.failure.advice === '' ? null : <p>{props.failure.advice}</p>}
    {props.children}
  </div>
);
