import { expect, it } from 'vitest';
import { purityFaults } from './purity.ts';
import { readProduct } from './source.ts';

const inFile = (path: string, text: string) => purityFaults(new Map([[path, text]]));

it('the pure layers name no clock, randomness, network or database [HOU-05]', () => {
  expect(purityFaults(readProduct())).toEqual([]);
});

it('each reach for the surroundings is found in each pure layer [HOU-05]', () => {
  const wrong = [
    'export const a = Date.now();',
    'export const a = new Date();',
    'export const a = Date();',
    'export const a = Math.random();',
    'export const a = await fetch(b);',
    'export const a = indexedDB.open(b);',
    'export const a = setTimeout(b, 1);',
    'export const a = { now: performance.now() };',
    'export const a = crypto.getRandomValues(b);',
    'export const a = crypto.randomUUID();',
    'export const a = globalThis.crypto;',
    'export const a = process.env;',
    'export const a = (b = navigator) => b;',
    'export const a = { fetch };',
    'console.log(1);',
    'export const a = AbortSignal.timeout(9);',
    'export const a = new BroadcastChannel(b);',
  ];
  const places = [
    'src/core/a.ts',
    'src/machines/a.ts',
    'src/storage/port.ts',
    'src/sync/runner.ts',
    'src/verify/index.ts',
  ];
  for (const place of places)
    for (const text of wrong) expect(inFile(place, text), `${place}: ${text}`).toHaveLength(1);
  expect(inFile('src/core/a.ts', 'export const a = crypto.subtle;')).toHaveLength(1);
});

it('a parameter, a property, a type and a known instant are let through, and so is an adapter [HOU-05]', () => {
  const right = [
    'export const a = ({ fetch }: Ports) => fetch(b);',
    'export const a = (clock: Clock) => clock.now();',
    'export const a = { process: 1, window: 2 }.window;',
    'export const a = new Date(recordedMs);',
    'export type A = typeof fetch;',
    'export interface A { setTimeout(): void; document: string }',
    'export const a = Math.max(1, Date.UTC(2020, 1));',
  ];
  for (const text of right) expect(inFile('src/core/a.ts', text), text).toEqual([]);
  expect(inFile('src/crypto/signer.ts', 'export const a = crypto.subtle.verify(b);')).toEqual([]);
  expect(inFile('src/sync/httpTransport.ts', 'export const a = fetch(b);')).toEqual([]);
});
