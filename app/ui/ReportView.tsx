/** What a verification found: counts, and each finding with its place. */
import { useEffect, useRef } from 'react';
import { ERROR_TEXT, type LogReport, type VerifyFinding } from '../../src/index.ts';
import { useReplicaName } from './replicas.ts';

const Finding = ({ finding }: { readonly finding: VerifyFinding }) => {
  const name = useReplicaName();
  const { code, replica, sequence, line, what } = finding;
  const place = [
    replica === undefined ? '' : name(replica),
    sequence === undefined ? '' : `event ${sequence}`,
    line === undefined ? '' : `line ${line}`,
  ];
  return (
    <tr>
      <td>{place.filter((part) => part !== '').join(', ') || 'whole'}</td>
      <td>
        <code>{code}</code> {ERROR_TEXT[code]} {what ?? ''}
      </td>
    </tr>
  );
};

const SHOWN_MAX = 50;

export const ReportView = (props: { readonly title: string; readonly report: LogReport; readonly note?: string }) => {
  const { ok, findings, omitted, counts } = props.report;
  const shown = useRef<HTMLDivElement>(null);
  // a new report is brought clear of the message at the foot of the pane
  useEffect(() => {
    if (counts !== undefined) shown.current?.scrollIntoView({ block: 'center' });
  }, [counts]);
  const total = findings.length + omitted;
  return (
    <div ref={shown} className={ok ? 'panel report good' : 'panel failure'}>
      <p className="panel-title">
        <strong>{ok ? `✓ ${props.title}: nothing found` : `✗ ${props.title}: ${total} findings`}</strong>
      </p>
      <p>
        Checked {counts.events} events in {counts.commits} signed commits of {counts.replicas}{' '}
        {counts.replicas === 1 ? 'replica' : 'replicas'}
        {counts.receipts > 0 ? `, and ${counts.receipts} server receipts` : ''}. Every hash, link and signature was
        recomputed.
      </p>
      {props.note === undefined ? null : <p className="muted">{props.note}</p>}
      {findings.length === 0 ? null : (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Where</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {findings.slice(0, SHOWN_MAX).map((finding) => (
                <Finding
                  key={`${finding.code} ${finding.replica} ${finding.sequence} ${finding.line} ${finding.what}`}
                  finding={finding}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {total > SHOWN_MAX ? <p>{total - SHOWN_MAX} more are not shown.</p> : null}
    </div>
  );
};
