/** LiveStore's leader. */
import { makeWorker } from '@livestore/adapter-web/worker';
import { schema } from './livestoreSchema.mjs';

makeWorker({ schema });
