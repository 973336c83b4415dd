/** What can keep a server from starting, with the sentence that says what to do. */
import { type ErrorCode, StoreError } from '../core/errors.ts';

export const START_TEXT = {
  'address-unavailable': 'The address cannot be listened on. Choose another with --host.',
  'app-missing': 'The folder given with --app holds no built app (index.html). Run: npm run build',
  'data-folder': 'The data folder cannot be made or written to. Choose another with --data.',
  'data-locked': 'Another server is using the data folder. Stop it, or choose another folder with --data.',
  'database-unreachable': 'The database of DATABASE_URL cannot be reached or refuses the login.',
  'key-file':
    'The signing key in the data folder cannot be read. Restore it; a new key would break the devices’ trust.',
  name: 'The name given with --name is not 1 to 200 characters without white space and plus signs.',
  'no-data': 'There is no database of a server in the data folder. Name its folder with --data.',
  'newer-tables': 'The database was written by a newer version. Update the software.',
  'port-in-use': 'Another program listens on the port. Stop it, or choose another with --port.',
  'token-file':
    'The file given with --token-file cannot be read, or holds fewer than 16 characters or white space between them.',
} as const;

export type StartFault = keyof typeof START_TEXT;

const CODE_OF = {
  'address-unavailable': 'server.internal',
  'app-missing': 'server.not-found',
  'data-folder': 'storage.failed',
  'data-locked': 'storage.blocked',
  'database-unreachable': 'storage.failed',
  'key-file': 'key.malformed',
  name: 'id.malformed',
  'no-data': 'storage.failed',
  'newer-tables': 'storage.blocked',
  'port-in-use': 'server.internal',
  'token-file': 'server.unprotected',
} as const satisfies Record<StartFault, ErrorCode>;

/** The error for a fault at start. */
export const startFault = (what: StartFault, options?: ErrorOptions): StoreError =>
  new StoreError(CODE_OF[what], { what }, options);

/** The sentence for an error that `startFault` made, or undefined. */
export const startText = (error: StoreError): string | undefined => {
  const { what } = error.details;
  return Object.entries(START_TEXT).find(([name]) => name === what)?.[1];
};
