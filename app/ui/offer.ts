/** Handing a file to the person. */
import { type DeviceSpec, TENANT } from '../model/device.ts';

/** Name of a bundle that is exported today. */
export const bundleName = ({ database }: DeviceSpec): string =>
  `${TENANT}-${database}-${new Date().toISOString().slice(0, 10)}.jsonl`;

/** Downloads it under the name. */
export const offer = (bundle: Blob, name: string): void => {
  const address = URL.createObjectURL(bundle);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
};
