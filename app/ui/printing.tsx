/** A form on paper: what is printed is the form as it is on the screen, without what can be clicked, and where the paper came from. */
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import type { Catalog } from '../model/catalog.ts';
import type { Device } from '../model/device.ts';
import { utcText } from '../model/times.ts';
import { useObservable } from './hooks.ts';

/** Printing one form, where others are on the screen too. */
export const usePrinting = () => {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const end = () => setPrinting(false);
    addEventListener('afterprint', end);
    return () => removeEventListener('afterprint', end);
  }, []);
  return {
    isPrinting,
    print: () => {
      flushSync(() => setPrinting(true));
      globalThis.print();
    },
  };
};

export const PrintButton = ({ onPrint }: { readonly onPrint: () => void }) => (
  <button type="button" onClick={onPrint}>
    Print
  </button>
);

/** The moment of the newest printing, taken before the page is laid out for it. */
const usePrintMoment = (): string => {
  const [at, setAt] = useState(() => new Date().toISOString());
  useEffect(() => {
    const note = () => flushSync(() => setAt(new Date().toISOString()));
    addEventListener('beforeprint', note);
    return () => removeEventListener('beforeprint', note);
  }, []);
  return at;
};

export const PrintedNote = (props: {
  readonly device: Device;
  readonly catalog: Catalog;
  readonly version: number;
}) => {
  const { device, catalog, version } = props;
  const role = useObservable(device.role.value$, device.role.value);
  const at = usePrintMoment();
  return (
    <p className="only-printed">
      Study {catalog.studies.map(({ name }) => name).join(', ')}. Printed by {device.keys.user}, {role}, {utcText(at)},
      from a record of {version} entries on {device.spec.title}, replica {device.store.replica}.
    </p>
  );
};
