/**
 * Published vectors of Ed25519: signatures that everybody gives (RFC 8032, section 7.1), and signatures about which verifiers
 * disagree. Bytes in hex. `holds`: the verdict of the rule in `src/crypto/signer.ts`.
 */
export type SignatureVector = {
  readonly source: string;
  readonly about: string;
  readonly key: string;
  readonly message: string;
  readonly signature: string;
  readonly holds: boolean;
};

/**
 * Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (SSR 2020), table 5; the twelve of github.com/novifinancial/ed25519-speccheck,
 * by their numbers there. `key`: whether the key may be enrolled.
 */
const SPECCHECK: readonly (readonly [about: string, message: string, key: string, signature: string])[] = [
  [
    'S = 0, small A, small R',
    '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'small A, mixed R',
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
  [
    'mixed A, small R',
    'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
  ],
  [
    'mixed A, mixed R, holds with the cofactor and without',
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
  ],
  [
    'mixed A, mixed R, holds with the cofactor only',
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
  ],
  [
    'mixed A, R of prime order, holds with the cofactor only',
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
  ],
  [
    'S above L',
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
  ],
  [
    'S far above L',
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
  ],
  [
    'mixed A, R in a second encoding that is reduced for the hash',
    '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f',
  ],
  [
    'mixed A, R in a second encoding that is hashed as it is',
    '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908',
  ],
  [
    'small A in a second encoding that is reduced for the hash',
    'e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
  [
    'small A in a second encoding that is hashed as it is',
    '39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
];

const WYCHEPROOF_KEY = '7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa';
const BENJAMIN_KEY = '100fdf47fb94f1536a4f7c3fda27383fa03375a8f527c537e6f1703c47f94f86';
const ZEROS = '00'.repeat(32);
const ONE = `01${'00'.repeat(31)}`;
const ORDER = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';
const PRIME = `ed${'ff'.repeat(30)}7f`;

/** Project Wycheproof, ed25519_test.json (testvectors_v1), by its tcId: number, key, message, signature, result. */
const WYCHEPROOF: readonly (readonly [number, string, string, string, boolean])[] = [
  [1, WYCHEPROOF_KEY, '', 'd4fbdb52bfa726b44d1786a8c0d171c3e62ca83c9e5bbe63de0bb2483f8fd6cc1429ab72cafc41ab56af02ff8fcc43b99bfe4c7ae940f60f38ebaa9d311c4007', true],
  [2, WYCHEPROOF_KEY, '78', 'd80737358ede548acb173ef7e0399f83392fe8125b2ce877de7975d8b726ef5b1e76632280ee38afad12125ea44b961bf92f1178c9fa819d020869975bcbe109', true],
  [3, WYCHEPROOF_KEY, '54657374', '7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab07a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336a5c51eb6f946b30d', true],
  [5, WYCHEPROOF_KEY, '313233343030', '657c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281c2bf0cf5b3a289976458a1be6277a5055545253b45b07dcc1abd96c8b989c00f301', true],
  [10, WYCHEPROOF_KEY, '3f', ZEROS + ZEROS, false],
  [11, WYCHEPROOF_KEY, '3f', ZEROS + ONE, false],
  [15, WYCHEPROOF_KEY, '3f', ONE + ZEROS, false],
  [16, WYCHEPROOF_KEY, '3f', ONE + ONE, false],
  [18, WYCHEPROOF_KEY, '3f', ONE + ORDER, false],
  [20, WYCHEPROOF_KEY, '3f', ORDER + ZEROS, false],
  [21, WYCHEPROOF_KEY, '3f', ORDER + ONE, false],
  [23, WYCHEPROOF_KEY, '3f', ORDER + ORDER, false],
  [25, WYCHEPROOF_KEY, '3f', PRIME + ZEROS, false],
  [26, WYCHEPROOF_KEY, '3f', PRIME + ONE, false],
  [28, WYCHEPROOF_KEY, '3f', PRIME + ORDER, false],
  [29, WYCHEPROOF_KEY, '3f', PRIME + PRIME, false],
  [84, BENJAMIN_KEY, '124e583f8b8eca58bb29c271b41d36986bbc45541f8e51f9cb0133eca447601e', 'dac119d6ca87fc59ae611c157048f4d4fc932a149dbe20ec6effd1436abf83ea05c7df0fef06147241259113909bc71bd3c53ba4464ffcad3c0968f2ffffff0f', true],
  [85, BENJAMIN_KEY, '6a0bc2b0057cedfc0fa2e3f7f7d39279b30f454a69dfd1117c758d86b19d85e0', '0971f86d2c9c78582524a103cb9cf949522ae528f8054dc20107d999be673ff4e25ebf2f2928766b1248bec6e91697775f8446639ede46ad4df4053000000010', false],
  [86, '8fd659b77b558ed93882c1157438450ac86ec62d421d568e98ee236f3810295a', 'b0729a713593a92e46b56eaa66b9e435f7a09a8e7de03b078f6f282285276635f301e7aaafe42187c45d6f5b13f9f16b11195cc125c05b90d24dfe4c', '7db17557ac470c0eda4eedaabce99197ab62565653cf911f632ee8be0e5ffcfc88fb94276b42e0798fd3aa2f0318be7fc6a29fae75f70c3dcdc414a0ad866601', true],
  [89, '32ad026f693d0d2afe7f4388d91c4c964426fcb9e3665c3ebd8650009b815c8e', 'ec5c7cb078', 'd920d421a5956b69bfe1ba834c025e2babb6c7a6d78c97de1d9bb1116dfdd1185147b2887e34e15578172e150774275ea2aad9e02106f7e8ca1caa669a066f0c', true],
  [92, 'cfda5b899e35764c5229e59295fe1222b7ddce176643697c29e46ecbba10cf10', 'ec5c7cb078', '30490c28f806298225df62103521dcee047153912c33ab8ab8bbdd1ffabd70fd4fdb360f05be535b067d1cf4e78c2cb432206bf280aab3bd21aaa1cb894c5b06', true],
  [100, '32ad026f693d0d2afe7f4388d91c4c964426fcb9e3665c3ebd8650009b815c8e', 'a1', '1a74ed2cbdc7d8f3827014e8e6ecf8fd2698ac8f86833acccdd400df710fe0d6b0543c9cfa00d52bf024ab7ce0d91981944097233ec134d5c7abbd44bfd32d0d', true],
  [102, 'c0a773110f975de3732355bb7ec7f0c41c091c0252966070205516693b992a4a', '', '0280427e713378f49d478df6373c6cac847b622b567daa2376c839e7ac10e22c380ab0fa8617c9dcfe76c4d9db5459b21dc1413726e46cc8f387d359e344f407', true],
];

/** Signatures with their verdict: nothing of the twelve is accepted, and all of Wycheproof is as its authors say. */
export const SIGNATURES: readonly SignatureVector[] = [
  ...SPECCHECK.map(([about, message, key, signature], at) => ({
    ...{ source: `speccheck ${at}`, about, message, key, signature },
    holds: false,
  })),
  ...WYCHEPROOF.map(([id, key, message, signature, holds]) => ({
    ...{ source: `Wycheproof ${id}`, about: holds ? 'valid' : 'invalid', message, key, signature, holds },
  })),
];

/** Keys of the twelve vectors, and whether they may be enrolled: two are of small order, two have a part of small order. */
export const SPECCHECK_KEYS: readonly (readonly [key: string, mayBeEnrolled: boolean])[] = [
  ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa', false],
  ['f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43', false],
  ['cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d', false],
  ['442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623', true],
  ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', false],
];
