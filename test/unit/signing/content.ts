/** A content of an act with every member, for tests of its form. */
import {
  aggregateId,
  aggregateType,
  eventType,
  hash32,
  hash32Hex,
  replicaId,
  streamId,
  userId,
} from '../../../src/core/ids.ts';
import { sequence } from '../../../src/core/position.ts';
import { toBase64, toHex32, utf8 } from '../../../src/crypto/bytes.ts';
import { sha256 } from '../../../src/crypto/sha256.ts';
import { type ActContent, type ActPlace, statementHash } from '../../../src/crypto/signedAct.ts';
import { signingKeyId } from '../../../src/crypto/signerKey.ts';
import { KEY_A, STREAM, TENANT } from '../support.ts';

const digest = (text: string) => hash32(sha256(utf8(text)));
const leaf = (text: string): string => toBase64(digest(text));

export const PLACE: ActPlace = {
  act: 'Signed',
  tenant: TENANT,
  stream: streamId(aggregateType('electronicSignature'), aggregateId('019500a0-0000-7000-8000-000000000042')),
};

export const CONTENT: ActContent = {
  signer: userId('dr-mayer'),
  printedName: 'Dr. Ana Mayer-Öz',
  meaning: 'approved',
  at: { utc: '2026-03-01T10:15:30.250Z', offsetMin: 60, zone: 'Europe/Vienna' },
  statement: toHex32(statementHash('I approve this visit.')),
  records: [
    {
      stream: STREAM,
      statusTypes: [eventType('VisitLocked'), eventType('VisitUnlocked')],
      runs: [
        {
          replica: replicaId('00000000000000000000000000000001'),
          sequences: [sequence(1), sequence(2), sequence(7)],
          leaves: [leaf('1'), leaf('2'), leaf('7')],
        },
        { replica: replicaId('00000000000000000000000000000002'), sequences: [sequence(4)], leaves: [leaf('4')] },
      ],
    },
    {
      stream: streamId(aggregateType('visit'), aggregateId('subject-17/visit-2')),
      statusTypes: [],
      runs: [{ replica: replicaId('00000000000000000000000000000001'), sequences: [sequence(8)], leaves: [leaf('8')] }],
    },
  ],
  key: signingKeyId(KEY_A.publicKey),
  enrolled: hash32Hex(toHex32(digest('enrolled'))),
  confirmed: hash32Hex(toHex32(digest('confirmed'))),
};
