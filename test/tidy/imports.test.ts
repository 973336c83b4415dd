import { expect, it } from 'vitest';
import { cycleFaults, directionFaults, nodeInPureLayers } from './imports.ts';
import { LAYERS } from './layers.ts';
import { readProduct } from './source.ts';

const fixture = (files: Readonly<Record<string, string>>) => new Map(Object.entries(files));

it('imports point downwards [HOU-01]', () => {
  expect(readProduct().size).toBeGreaterThan(0);
  expect(directionFaults(readProduct())).toEqual([]);
});

it('an upward, sideways, type-only, dynamic or re-exporting import of the wrong layer is found [HOU-01]', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['src/core/ids.ts', `import { a } from '../crypto/chain.ts';`],
    ['src/crypto/chain.ts', `import type { A } from '../machines/sync.ts';`],
    ['src/machines/sync.ts', `export * from '../storage/port.ts';`],
    ['src/storage/port.ts', `export type { M } from '../machines/sync.ts';`],
    ['src/projections/view.ts', `export { run } from './runner.ts';`],
    ['src/streams/tabs.ts', `import { S } from '../sync/runner.ts';`],
    ['src/sync/runner.ts', `const later = await import('./httpTransport.ts');`],
    ['src/storage/dexie/schema.ts', `import { app } from '../../server/app.ts';`],
    ['src/odm/read.ts', `import { x } from '../storage/dexie/schema.ts';`],
    ['src/verify/index.ts', `import type { P } from '../storage/port.ts';`],
    ['src/verify/index.ts', `type P = import('../storage/port.ts').P;`],
    ['src/export/bundle.ts', `import { openStore } from '../store.ts';`],
    ['src/store.ts', `import { main } from './cli/main.ts';`],
    ['src/core/ids.ts', `import { z } from 'zod';`],
    ['src/machines/aggregate.ts', `import { z } from 'zod';`],
    ['src/machines/aggregate.ts', `import { Form } from './clinical/form.ts';`],
    ['src/crypto/signer.ts', `import { sign } from 'node:crypto';`],
    ['src/crypto/signer.ts', `import x from 'xstate';`],
    ['src/streams/tabs.ts', `import { Dexie } from 'dexie';`],
    ['src/sync/runner.ts', `import { readFile } from 'node:fs/promises';`],
    ['src/elsewhere/a.ts', ''],
    ['src/core/ids.ts', `import { b } from '../elsewhere/b.ts';`],
  ];
  for (const [path, text] of wrong)
    expect(directionFaults(fixture({ [path]: text })), `${path}: ${text}`).toHaveLength(1);
});

it('an import of a lower layer, of the own folder or of a permitted package is let through [HOU-01]', () => {
  const right = {
    'src/core/schema.ts': `import { z } from 'zod'; import { limit } from './limits.ts';`,
    'src/core/fold.ts': `import { registry } from './schema.ts';`,
    'src/crypto/chain.ts': `import { sha256 } from '@noble/hashes/sha2.js'; import type { Dot } from '../core/position.ts';`,
    'src/machines/clinical/form.ts': `import { setup } from 'xstate'; import { compile } from '../compile.ts';`,
    'src/sync/runner.ts': `import { map } from 'rxjs/operators'; import { committed } from '../streams/committed.ts';`,
    'src/server/app.ts': `import { serve } from '@hono/node-server'; import { push } from '../sync/protocol.ts';`,
    'src/verify/index.ts': `import { leafHash } from '../crypto/chain.ts';`,
    'src/cli/main.ts': `import { verify } from '../verify/index.ts'; import { argv } from 'node:process';`,
  };
  expect(directionFaults(fixture(right))).toEqual([]);
});

it('no pure layer may use a module of Node [HOU-05]', () => {
  expect(nodeInPureLayers(LAYERS)).toEqual([]);
  expect(nodeInPureLayers([{ name: 'core', level: 0, files: /core/, packages: ['node:'] }])).toEqual(['core']);
});

it('no chain of imports leads back to its start [HOU-02]', () => {
  expect(cycleFaults(readProduct())).toEqual([]);
});

it('a cycle through one, two or three files is found and named [HOU-02]', () => {
  expect(cycleFaults(fixture({ 'src/core/a.ts': `export * from './a.ts'; import { a } from './a.ts';` }))).toEqual([
    'src/core/a.ts -> src/core/a.ts',
  ]);
  const three = {
    'src/core/a.ts': `import { b } from './b.ts';`,
    'src/core/b.ts': `import type { C } from './c.ts';`,
    'src/core/c.ts': `export { a } from './a.ts';`,
    'src/core/d.ts': `import { a } from './a.ts';`,
  };
  expect(cycleFaults(fixture(three))).toEqual(['src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts']);
});
