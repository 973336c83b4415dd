/** The server as it shows itself: counts, tree head, devices. Asked again while the page is visible. */
import { type FormEvent, useEffect, useId, useState } from 'react';
import type { ServerStatus } from '../../src/sync/protocol.ts';
import { TENANT } from '../model/device.ts';
import { askServer, type ServerView, statusOf } from '../model/server.ts';
import { utcText } from '../model/times.ts';
import { token } from '../model/token.ts';
import { FailurePanel } from './FailurePanel.tsx';
import { useReplicaName } from './replicas.ts';

const POLL_MS = 2_000;

const useServer = (): ServerView => {
  const [view, setView] = useState<ServerView>({ kind: 'asking' });
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last: ServerStatus | undefined;
    const poll = async () => {
      if (document.visibilityState === 'visible') {
        const next = await askServer(TENANT, last, ended.signal);
        if (ended.signal.aborted) return;
        last = statusOf(next);
        setView(next);
      }
      timer = setTimeout(() => void poll(), POLL_MS);
    };
    void poll();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, []);
  return view;
};

const TokenForm = () => {
  const [value, setValue] = useState('');
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    token.set(value);
  };
  return (
    <form onSubmit={submit} className="field">
      <label htmlFor={id}>Access token</label>
      <input
        id={id}
        type="password"
        value={value}
        autoComplete="off"
        onChange={(event) => setValue(event.target.value)}
      />
      <button type="submit" disabled={value.trim() === ''}>
        Use this token
      </button>
    </form>
  );
};

const Replicas = ({ status }: { readonly status: ServerStatus }) => {
  const name = useReplicaName();
  return (
    <div className="scroll">
      <table>
        <caption>Devices</caption>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col" className="number">
              Events
            </th>
            <th scope="col">Last received</th>
          </tr>
        </thead>
        <tbody>
          {status.replicas.map(({ replica, sequence, receivedAt }) => (
            <tr key={replica}>
              <td>{name(replica)}</td>
              <td className="number">{sequence}</td>
              <td>{utcText(receivedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {status.replicas.length === 0 ? <p className="muted">No device has sent anything yet.</p> : null}
    </div>
  );
};

const Details = ({ status }: { readonly status: ServerStatus }) => (
  <>
    <dl className="figures">
      <div>
        <dt>Events</dt>
        <dd data-server="events">{status.size}</dd>
      </div>
      <div>
        <dt>Signed commits</dt>
        <dd>{status.commits}</dd>
      </div>
      <div>
        <dt>Refused</dt>
        <dd>
          {status.refused.length === 0
            ? 'none'
            : status.refused.map(({ code, count }) => `${count} × ${code}`).join(', ')}
        </dd>
      </div>
      <div>
        <dt>Tree root</dt>
        <dd>
          <code className="hash">{status.root}</code>
        </dd>
      </div>
    </dl>
    <Replicas status={status} />
    <details>
      <summary>Signed checkpoint</summary>
      <pre>{status.checkpoint}</pre>
    </details>
  </>
);

export const ServerPane = () => {
  const view = useServer();
  const status = statusOf(view);
  return (
    <section className="pane server" aria-labelledby="server-title">
      <header className="pane-head">
        <h2 id="server-title">Server</h2>
        <span className={`state ${view.kind === 'reached' ? 'good' : view.kind === 'asking' ? 'busy' : 'bad'}`}>
          <span className="dot" aria-hidden="true" />
          {view.kind === 'reached' ? 'Reached' : view.kind === 'asking' ? 'Asking' : 'Not reached'}
        </span>
      </header>
      {view.kind === 'failed' ? (
        <FailurePanel title="The server does not answer as it should" failure={view.failure}>
          {view.failure.code === 'sync.unauthorised' ? <TokenForm /> : null}
          {status === undefined ? null : <p className="muted">Below is what it last said.</p>}
        </FailurePanel>
      ) : null}
      {status === undefined ? null : <Details status={status} />}
    </section>
  );
};
