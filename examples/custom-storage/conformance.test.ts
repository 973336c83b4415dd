/** The conformance kit on the file storage, under Node's own test runner. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FAULT_KINDS, isSilent, storageConformance } from 'indelible/testing';
import { faultyFiles } from './faultyFiles.ts';
import { fileStorage } from './fileStorage.ts';
import { nodeFiles } from './files.ts';

const laws = storageConformance({
  durability: 'strict',
  keepsKeyBytes: true,
  faultKinds: FAULT_KINDS,
  modelRuns: 10,
  casesAtOnce: 4, // each waits for the disk
  makePlace: () => {
    const folder = mkdtempSync(join(tmpdir(), 'file-storage-'));
    const files = nodeFiles(folder);
    return {
      adapter: () => fileStorage({ files }),
      faulty: (kind) => {
        const faulty = faultyFiles(files);
        const answer = isSilent(kind) ? { answerMs: 500 } : {};
        return { adapter: fileStorage({ files: faulty.files, ...answer }), faults: faulty.faults };
      },
      remove: () => rmSync(folder, { recursive: true }),
    };
  },
});

for (const law of laws) test(`${law.name} [${law.requirement}]`, law.run);
