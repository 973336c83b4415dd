import fc from 'fast-check';
import { expect, it } from 'vitest';
import { passphraseFault, strengthOf } from '../../../app/model/passphrase.ts';

const levelOf = (passphrase: string, user = 'ada.nurse') => strengthOf(passphrase, user).level;

it('what is too short or too long for the vault is never called anything else [APP-11]', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: 'grapheme' }), (text) => {
      const { length } = [...text.normalize('NFC')];
      expect(levelOf(text) === 0).toBe(length < 8 || length > 256);
    }),
  );
});

it('a name, a run or a repeat makes no passphrase good, and four words do [APP-11]', () => {
  const weak = [
    'ada.nurse123',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    '12345678901234567890',
    'abcdefghijklmnopqrst',
    'Ada.NurseAda.Nurse',
  ];
  for (const passphrase of weak) expect([passphrase, levelOf(passphrase)]).toEqual([passphrase, 1]);
  expect(levelOf('blue kettle')).toBe(2);
  expect(levelOf('heron lamp quarry violin')).toBe(3);
});

it('a passphrase is taken when it is long enough and typed twice alike [APP-11]', () => {
  expect(passphraseFault('heron lamp', 'heron lamp')).toBe('');
  expect(passphraseFault('heron lamp', 'heron lamb')).toBe('The two passphrases differ.');
  expect(passphraseFault('heron', 'heron')).toMatch(/^Too short/);
});
