import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash32, replicaId, tenantId } from '../../../src/core/ids.ts';
import { sequence, size } from '../../../src/core/position.ts';
import type { Receipt } from '../../../src/crypto/checkpoint.ts';
import { checkpointBody, openCheckpoint, openReceipt, receiptBody } from '../../../src/crypto/checkpoint.ts';
import type { NoteVerifier } from '../../../src/crypto/signedNote.ts';
import { noteVerifierText, openNote, readNoteVerifier, signNote } from '../../../src/crypto/signedNote.ts';
import { codeOf, codeOfAsync, flipped, KEY_A, KEY_B, TENANT } from '../../unit/support.ts';
import { replica } from './arbitraries.ts';

const NAME = 'sync.example.org/acme-042';
const SIGNER = { name: NAME, key: KEY_A };
const VERIFIER: NoteVerifier = { name: NAME, publicKey: KEY_A.publicKey };
const REFUSED = ['checkpoint.malformed', 'signature.invalid', 'id.malformed'];

const root = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hash32);
const head = fc.record({
  tenant: fc.constantFrom(TENANT, tenantId('b')),
  size: fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs)).map(size),
  root,
});
const receipt: fc.Arbitrary<Receipt> = fc
  .tuple(
    head,
    fc.record({ replica, sequence: fc.integer({ min: 1 }).map(sequence), link: root }),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
  )
  .map(([tree, held, time]) => ({ ...tree, ...held, time: time.toISOString() }));

const SAMPLE: Receipt = {
  tenant: TENANT,
  size: size(12),
  root: hash32(new Uint8Array(32).fill(7)),
  replica: replicaId('0123456789abcdef'.repeat(2)),
  sequence: sequence(9),
  link: hash32(new Uint8Array(32).fill(8)),
  time: '2026-03-01T09:30:00.125Z',
};

describe('a checkpoint', () => {
  it('is opened as it was signed [FMT-09]', async () => {
    await fc.assert(
      fc.asyncProperty(head, async (tree) => {
        expect(await openCheckpoint(await signNote(checkpointBody(tree), SIGNER), VERIFIER)).toEqual(tree);
      }),
    );
  });
});

describe('a receipt', () => {
  it('is opened as it was signed [FMT-09]', async () => {
    await fc.assert(
      fc.asyncProperty(receipt, async (held) => {
        expect(await openReceipt(await signNote(receiptBody(held), SIGNER), VERIFIER)).toEqual(held);
      }),
    );
  });

  it('is not taken for a checkpoint, nor a checkpoint for a receipt [FMT-08]', async () => {
    const notes = [
      await signNote(receiptBody(SAMPLE), SIGNER),
      await signNote(checkpointBody(SAMPLE), SIGNER),
    ] as const;
    expect(await codeOfAsync(() => openCheckpoint(notes[0], VERIFIER))).toBe('checkpoint.malformed');
    expect(await codeOfAsync(() => openReceipt(notes[1], VERIFIER))).toBe('checkpoint.malformed');
  });

  it('is refused in any other spelling, though it is signed [FMT-03]', async () => {
    const lines = receiptBody(SAMPLE).split('\n');
    const others = [
      lines.toSpliced(1, 1),
      lines.toSpliced(8, 0, 'more'),
      lines.with(0, 'indelible-receipt/v2'),
      lines.with(1, '1a'),
      lines.with(2, 'A'.repeat(32)),
      ...['0', '-1', '+9', '09', '9.0', '9e0', ' 9', '9007199254740993'].map((text) => lines.with(3, text)),
      lines.with(4, 'F'.repeat(64)),
      lines.with(5, '2026-03-01T09:30:00Z'),
      lines.with(5, '2026-02-30T09:30:00.125Z'),
      ...['-0', '01', '1e3', '9007199254740992'].map((text) => lines.with(6, text)),
      lines.with(7, 'AA=='),
      lines.with(7, `${lines[7]?.slice(0, -1)}`),
    ];
    for (const other of others) {
      const note = await signNote(other.join('\n'), SIGNER);
      expect(REFUSED).toContain(await codeOfAsync(() => openReceipt(note, VERIFIER)));
    }
  });
});

describe('a signed note', () => {
  let notes: readonly string[] = [];
  beforeAll(async () => {
    notes = [await signNote(checkpointBody(SAMPLE), SIGNER), await signNote(receiptBody(SAMPLE), SIGNER)];
  });
  const open = (note: string, verifier = VERIFIER) => codeOfAsync(() => openNote(note, verifier));

  it('is refused with any bit flipped [FMT-08, FMT-14]', async () => {
    for (const note of notes) {
      const bytes = Buffer.from(note);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        expect(REFUSED).toContain(await open(Buffer.from(flipped(bytes, bit)).toString()));
      }
    }
  });

  it('is refused when it is cut or extended anywhere [FMT-08]', async () => {
    for (const note of notes) {
      for (let length = 0; length < note.length; length++)
        expect(await open(note.slice(0, length))).toBe('checkpoint.malformed');
      for (const more of ['\n', 'a', ' ', '\n\n', '— \n\n', 'a'.repeat(5_000)]) {
        expect(await open(note + more)).toBe('checkpoint.malformed');
        expect(REFUSED).toContain(await open(more + note));
      }
    }
  });

  it('is refused by a verifier of another name or key [FMT-08]', async () => {
    for (const note of notes) {
      expect(await open(note, { name: 'other', publicKey: KEY_A.publicKey })).toBe('checkpoint.malformed');
      expect(await open(note, { name: NAME, publicKey: KEY_B.publicKey })).toBe('checkpoint.malformed');
    }
  });

  it('is opened beside signatures of others, and not by their signature in its name [FMT-08]', async () => {
    const [note = ''] = notes;
    const theirs = (await signNote(checkpointBody(SAMPLE), { name: 'witness', key: KEY_B })).split('\n\n')[1] ?? '';
    expect(await open(note + theirs)).toBeUndefined();
    const [body = '', ours = ''] = note.split('\n\n');
    expect(await open(`${body}\n\n${theirs}${ours}`)).toBeUndefined();
    expect(await open(`${body}\n\n${theirs.replace('witness', NAME)}`)).toBe('checkpoint.malformed');
  });

  it('cannot stand for other text that has the same bytes: ill-formed text is refused [FMT-08]', async () => {
    const note = await signNote('a\ufffdb\n', SIGNER);
    expect(await open(note)).toBeUndefined();
    expect(await open(note.replace('\ufffd', '\ud800'))).toBe('checkpoint.malformed');
  });

  it('is not signed for a body or a name that could not be read back [FMT-09]', async () => {
    for (const body of ['', 'a', '\n', 'a\n\nb\n', '\na\n', 'a\rb\n', 'a\u0000\n', '\ud800\n']) {
      expect(await codeOfAsync(() => signNote(body, SIGNER))).toBe('checkpoint.malformed');
    }
    for (const name of ['', 'a b', 'a+b', 'a\n', '\ud800', 'a'.repeat(201)]) {
      expect(await codeOfAsync(() => signNote('a\n', { name, key: KEY_A }))).toBe('checkpoint.malformed');
    }
  });

  it('gives back every body that it was signed for [FMT-09]', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (lines) => {
        const body = lines.map((text) => `${text}\n`).join('');
        expect(await openNote(await signNote(body, SIGNER), VERIFIER)).toBe(body);
      }),
    );
  });

  it('never fails otherwise on random text [FMT-08]', async () => {
    const unit = fc.constantFrom('a', '\n', '— ', `${NAME} `, 'AAAA', '=', '\ud800', '— sync');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 30 }), async (note) => {
        expect(REFUSED).toContain(await open(note));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the text of a verifier key', () => {
  it('is read back, with its name [FMT-09]', () => {
    for (const name of [NAME, 'a', 'é', 'a'.repeat(200)]) {
      const verifier = { name, publicKey: KEY_B.publicKey };
      expect(readNoteVerifier(noteVerifierText(verifier))).toEqual(verifier);
    }
  });

  it('is refused with any bit flipped, cut or extended [FMT-08]', () => {
    const text = noteVerifierText(VERIFIER);
    for (let bit = 0; bit < text.length * 8; bit++) {
      const other = Buffer.from(flipped(Buffer.from(text), bit)).toString();
      expect(codeOf(() => readNoteVerifier(other))).toBe('key.malformed');
    }
    for (let length = 0; length < text.length; length++) {
      expect(codeOf(() => readNoteVerifier(text.slice(0, length)))).toBe('key.malformed');
    }
    for (const more of ['\n', ' ', '=', 'A']) expect(codeOf(() => readNoteVerifier(text + more))).toBe('key.malformed');
  });
});
