import { describe, expect, it } from 'vitest';
import { isUtc, ORIGINATOR_KINDS, readBody, readContext } from '../../../src/core/envelope.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { userId } from '../../../src/core/ids.ts';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { LIMITS } from '../../../src/core/limits.ts';
import { canonicalBytes, readCanonical } from '../../../src/crypto/canonical.ts';
import { replicaIdOf } from '../../../src/crypto/chain.ts';
import { bodyOf, codeOf, contextOf, KEY_A } from '../support.ts';

const REPLICA = replicaIdOf(KEY_A.publicKey);
const ID = bodyOf(1).id;
const of = (length: number): string => 'a'.repeat(length);
const LONG = LIMITS.idLengthMax;

type Members = Readonly<Record<string, unknown>>;
/** The sample as plain data, with members replaced, or left out where the value is undefined. */
const changed = (sample: unknown, change: Members): unknown =>
  Object.fromEntries(Object.entries({ ...Object(sample), ...change }).filter(([, value]) => value !== undefined));

const CONTEXT = { ...contextOf(REPLICA), receipt: { time: '2026-03-01T09:00:00.000Z', size: 12 }, trace: {} };
const BODY = bodyOf(1);
const contextCode = (change: Members): ErrorCode | undefined => codeOf(() => readContext(changed(CONTEXT, change)));
const bodyCode = (change: Members): ErrorCode | undefined => codeOf(() => readBody(changed(BODY, change)));
const fails = (code: ErrorCode | undefined): boolean => code === 'commit.malformed' || code === 'id.malformed';
const nest = (name: 'actor' | 'recordedAt' | 'receipt' | 'software' | 'trace', change: Members): Members => ({
  [name]: changed(CONTEXT[name], change),
});

/** Different event ids. */
const idsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${ID.slice(0, -4)}${(at + 1).toString(16).padStart(4, '0')}`);

describe('a context', () => {
  it('is read back as it was written, with every optional member and with none [FMT-04]', () => {
    const full = {
      ...CONTEXT,
      actor: { ...CONTEXT.actor, onBehalfOf: userId('participant-17') },
      software: { ...CONTEXT.software, app: 'ediary/4.2' },
      trace: { correlation: 'c', causation: ID, traceparent: '00-ab-cd-01' },
    };
    for (const context of [full, contextOf(REPLICA)]) {
      expect(readContext(readCanonical(canonicalBytes(context)))).toEqual(context);
    }
  });

  it('is refused without any one of its members, and with an unknown one [FMT-04]', () => {
    for (const name of ['format', 'tenant', 'replica', 'actor', 'recordedAt', 'receipt', 'software']) {
      expect([name, fails(contextCode({ [name]: undefined }))]).toEqual([name, true]);
    }
    for (const name of ['actor', 'recordedAt', 'receipt', 'software', 'trace'] as const) {
      expect([name, contextCode(nest(name, { more: 1 }))]).toEqual([name, 'commit.malformed']);
      for (const value of ['a', 1, [], true]) expect(contextCode({ [name]: value })).toBe('commit.malformed');
      for (const member of Object.keys(Object(CONTEXT[name]))) {
        expect([member, fails(contextCode(nest(name, { [member]: undefined })))]).toEqual([member, true]);
        expect([member, fails(contextCode(nest(name, { [member]: null })))]).toEqual([member, true]);
      }
    }
    for (const name of ['more', '__proto__', 'constructor']) {
      const context = JSON.parse(`{"${name}":1,${JSON.stringify(CONTEXT).slice(1)}`);
      expect(codeOf(() => readContext(context))).toBe('commit.malformed');
    }
    for (const value of [null, [], 'a', 1]) expect(codeOf(() => readContext(value))).toBe('commit.malformed');
  });

  it('of a newer format is told from a malformed one [FMT-04]', () => {
    expect(contextCode({ format: 2, novel: true })).toBe('commit.unsupported-format');
    for (const format of [0, -1, '1', null, true]) expect(contextCode({ format })).toBe('commit.malformed');
  });

  it('holds each text up to its limit, and none beyond it or empty [FMT-13]', () => {
    const texts: readonly ((text: string) => Members)[] = [
      (user) => nest('actor', { user }),
      (role) => nest('actor', { role }),
      (onBehalfOf) => nest('actor', { onBehalfOf }),
      (zone) => nest('recordedAt', { zone }),
      (store) => nest('software', { store }),
      (registry) => nest('software', { registry }),
      (app) => nest('software', { app }),
      (correlation) => nest('trace', { correlation }),
      (tenant) => ({ tenant }),
    ];
    for (const change of texts) {
      expect(contextCode(change(of(LONG)))).toBeUndefined();
      for (const text of [of(LONG + 1), '']) expect(fails(contextCode(change(text)))).toBe(true);
    }
  });

  it('holds offsets of a day at most, uptimes and receipts from zero, whole numbers only [FMT-13]', () => {
    for (const offsetMin of [-1_440, 0, 1_440]) expect(contextCode(nest('recordedAt', { offsetMin }))).toBeUndefined();
    for (const offsetMin of [-1_441, 1_441, 0.5]) {
      expect(contextCode(nest('recordedAt', { offsetMin }))).toBe('commit.malformed');
    }
    for (const [name, member] of [['recordedAt', 'uptimeMs'] as const, ['receipt', 'size'] as const]) {
      for (const value of [0, LIMITS.integerMax]) expect(contextCode(nest(name, { [member]: value }))).toBeUndefined();
      for (const value of [-1, 0.5, 2 ** 53, '1']) {
        expect(contextCode(nest(name, { [member]: value }))).toBe('commit.malformed');
      }
    }
  });
});

describe('a time', () => {
  it('is UTC with milliseconds and a date that exists, the same on every platform [FMT-04]', () => {
    for (const text of ['2024-02-29T23:59:59.999Z', '1970-01-01T00:00:00.000Z', '9999-12-31T00:00:00.000Z']) {
      expect(isUtc(text)).toBe(true);
    }
    const others = [
      '2023-02-29T00:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
      '2026-04-31T00:00:00.000Z',
      '2026-13-01T00:00:00.000Z',
      '2026-00-01T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T23:59:60.000Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.000+00:00',
      '2026-01-01t00:00:00.000z',
      '2026-01-01T00:00:00.000Z\n',
      '+002026-01-01T00:00:00.000Z',
    ];
    for (const text of others) expect([text, isUtc(text)]).toEqual([text, false]);
    for (const utc of others) expect(contextCode(nest('recordedAt', { utc }))).toBe('commit.malformed');
    for (const time of others) expect(contextCode(nest('receipt', { time }))).toBe('commit.malformed');
  });
});

describe('an event', () => {
  const full: JsonObject = {
    reason: 'typing error',
    originator: { kind: 'source-file', id: 'f-1', location: 'row 7', at: '1 March' },
    resolves: [ID],
    choices: [
      { key: 'a', took: 'head', event: ID },
      { key: 'b', took: 'before' },
      { key: 'c', took: 'before', event: ID },
      { key: '', took: 'new' },
    ],
    basis: { [REPLICA]: 3 },
    payload: { nested: { __proto__: null, list: [1, 'a', null] } },
  };

  it('is read back as it was written, with every optional member and with none [FMT-04]', () => {
    for (const body of [{ ...bodyOf(4), ...full }, bodyOf(1)]) {
      expect(readBody(readCanonical(canonicalBytes(body)))).toEqual(body);
    }
  });

  it('is refused without any one of its members, and with an unknown one [FMT-04]', () => {
    for (const name of Object.keys(BODY)) {
      for (const value of [undefined, null]) expect([name, fails(bodyCode({ [name]: value }))]).toEqual([name, true]);
    }
    for (const name of ['reason', 'originator', 'resolves', 'choices'])
      expect(fails(bodyCode({ [name]: null }))).toBe(true);
    for (const value of [null, [], 'a', 1]) expect(codeOf(() => readBody(value))).toBe('commit.malformed');
    expect(bodyCode({ more: 1 })).toBe('commit.malformed');
    expect(codeOf(() => readBody(JSON.parse(`{"__proto__":1,${JSON.stringify(BODY).slice(1)}`)))).toBe(
      'commit.malformed',
    );
    for (const payload of [[], 'a', 1, null]) expect(bodyCode({ payload })).toBe('commit.malformed');
  });

  it('says of a key once, in so many words, what was chosen among the heads that it settles [FMT-04, CNF-14]', () => {
    const other = '01950000-0000-7000-8000-000000000abc';
    const codes = (choices: JsonValue) => bodyCode({ resolves: [ID], choices });
    const keys = (count: number) => Array.from({ length: count }, (_, at) => ({ key: `k${at}`, took: 'new' }));
    expect(codes(keys(LIMITS.choicesMax))).toBeUndefined();
    expect(codes([{ key: of(LIMITS.choiceKeyLengthMax), took: 'new' }])).toBeUndefined();
    const wrong: readonly JsonValue[] = [
      ...[[], keys(LIMITS.choicesMax + 1), [keys(1), keys(1)].flat(), [null], ['a'], {}],
      ...[[{ key: of(LIMITS.choiceKeyLengthMax + 1), took: 'new' }], [{ took: 'new' }], [{ key: 'a' }]],
      ...[[{ key: 'a', took: 'mine' }], [{ key: 'a', took: 'head' }], [{ key: 'a', took: 'head', event: other }]],
      ...[
        [{ key: 'a', took: 'new', event: ID }],
        [{ key: 'a', took: 'before', event: 'x' }],
        [{ key: 1, took: 'new' }],
      ],
      [{ key: 'a', took: 'new', more: 1 }],
    ];
    for (const choices of wrong) expect([choices, fails(codes(choices))]).toEqual([choices, true]);
  });

  it('has a schema version and a sequence from 1 on [FMT-04]', () => {
    for (const member of ['schema', 'sequence']) {
      for (const value of [1, LIMITS.integerMax]) expect(bodyCode({ [member]: value })).toBeUndefined();
      for (const value of [0, -1, 1.5, 2 ** 53, '1']) expect(fails(bodyCode({ [member]: value }))).toBe(true);
    }
  });

  it('holds a reason, an originator and resolved heads up to their limits [FMT-13]', () => {
    const edges: readonly (readonly [string, JsonValue, boolean])[] = [
      ['reason', of(LIMITS.reasonLengthMax), true],
      ['reason', of(LIMITS.reasonLengthMax + 1), false],
      ['reason', '', false],
      ['resolves', idsOf(LIMITS.resolvesMax), true],
      ['resolves', idsOf(LIMITS.resolvesMax + 1), false],
      ['resolves', [ID, ID], false],
      ['reason', 'two lines,\n\tone of them indented', true],
      ['reason', 'a bell \u0007', false],
      ['resolves', [], false],
      ['resolves', ['a'], false],
      ['resolves', [1], false],
      ['choices', [{ key: 'a', took: 'new' }], false], // it settles nothing
      ['originator', {}, false],
      ['originator', { kind: 'other' }, false],
      ['originator', { kind: 'staff', more: 'a' }, false],
      ...ORIGINATOR_KINDS.map((kind) => ['originator', { kind }, true] as const),
      ...['id', 'location', 'at'].flatMap((name) => [
        ['originator', { kind: 'staff', [name]: of(LONG) }, true] as const,
        ['originator', { kind: 'staff', [name]: of(LONG + 1) }, false] as const,
        ['originator', { kind: 'staff', [name]: '' }, false] as const,
      ]),
      ['stream', `${of(LONG)}/${of(LONG)}`, true],
      ['stream', `${of(LONG)}/${of(LONG + 1)}`, false],
      ['type', of(LONG + 1), false],
    ];
    for (const [name, value, holds] of edges) {
      const code = bodyCode({ [name]: value });
      expect([name, holds ? code === undefined : fails(code)]).toEqual([name, true]);
    }
  });
});
