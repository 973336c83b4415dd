/** Outcomes said aloud and shown: one line per pane, polite, replaced by the next. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';

export type Tone = 'good' | 'bad' | 'plain';
/** What went well steps aside by itself; what did not stays until it is dismissed. */
const SHOWN_MS = 8_000;

export type Announce = (text: string, tone?: Tone) => void;

const Announcer = createContext<Announce>(() => undefined);

export const useAnnounce = (): Announce => useContext(Announcer);

export const Announcements = ({ children }: { readonly children: ReactNode }) => {
  const [said, setSaid] = useState<{ readonly text: string; readonly tone: Tone }>({ text: '', tone: 'plain' });
  const announce = useCallback<Announce>((text, tone = 'plain') => setSaid({ text, tone }), []);
  const dismiss = useMemo(() => () => setSaid({ text: '', tone: 'plain' }), []);
  useEffect(() => {
    if (said.text === '' || said.tone === 'bad') return undefined;
    const timer = setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said, dismiss]);
  return (
    <Announcer value={announce}>
      {children}
      <div className={said.text === '' ? 'said empty' : `said ${said.tone}`}>
        <p role="status" aria-live="polite">
          {said.text}
        </p>
        {said.text === '' ? null : (
          <button type="button" className="icon" aria-label="Dismiss this message" onClick={dismiss}>
            ×
          </button>
        )}
      </div>
    </Announcer>
  );
};
