/** Bytes of a key, of a block and of an initialization vector. */
export const AES_BLOCK_LENGTH = 16;

const ROUNDS = 10;

/**
 * Decrypts AES-128 in CBC mode (FIPS 197 §5.3; NIST SP 800-38A §6.2). The tables are made at each call, as a short text
 * is decrypted once in the life of a device. The time that it takes depends on the key, so that it is not for a machine
 * on which others run code too.
 *
 * @param options.key        16 bytes
 * @param options.iv         16 bytes
 * @param options.ciphertext whole blocks of 16 bytes
 * @returns the text with its padding
 */
export function decryptAes128Cbc(options: {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}): Uint8Array {
  const { key, iv, ciphertext } = options;
  const { sBox, inverse } = substitutions();
  const keys = roundKeys(key, sBox);
  const text = new Uint8Array(ciphertext.byteLength);
  const block = new Uint8Array(AES_BLOCK_LENGTH);
  for (let at = 0; at < ciphertext.byteLength; at += AES_BLOCK_LENGTH) {
    block.set(ciphertext.subarray(at, at + AES_BLOCK_LENGTH));
    decryptBlock(block, keys, inverse);
    for (let index = 0; index < AES_BLOCK_LENGTH; index++) {
      const before = at === 0 ? iv[index] : ciphertext[at - AES_BLOCK_LENGTH + index];
      text[at + index] = (block[index] as number) ^ (before as number);
    }
  }
  return text;
}

/** @returns the S-box and its inverse (FIPS 197 §5.1.1, §5.3.2) */
function substitutions(): { readonly sBox: Uint8Array; readonly inverse: Uint8Array } {
  const [sBox, inverse] = [new Uint8Array(256), new Uint8Array(256)];
  sBox[0] = 0x63;
  // `power` runs through all powers of 3, which are all numbers of the field but 0, and `reciprocal` through theirs.
  let power = 1;
  let reciprocal = 1;
  do {
    power ^= doubled(power);
    reciprocal ^= reciprocal << 1;
    reciprocal ^= reciprocal << 2;
    reciprocal = (reciprocal ^ (reciprocal << 4)) & 0xff;
    if (reciprocal >= 0x80) reciprocal ^= 0x09;
    let value = 0x63 ^ reciprocal;
    for (let count = 1; count <= 4; count++) value ^= (reciprocal << count) | (reciprocal >> (8 - count));
    value &= 0xff;
    sBox[power] = value;
    inverse[value] = power;
  } while (power !== 1);
  return { sBox, inverse };
}

/** FIPS 197 §5.2. @returns the keys of all rounds, one after the other */
function roundKeys(key: Uint8Array, sBox: Uint8Array): Uint8Array {
  const keys = new Uint8Array(AES_BLOCK_LENGTH * (ROUNDS + 1));
  keys.set(key.subarray(0, AES_BLOCK_LENGTH));
  let constant = 1;
  for (let at = AES_BLOCK_LENGTH; at < keys.byteLength; at += 4) {
    const isFirst = at % AES_BLOCK_LENGTH === 0;
    for (let index = 0; index < 4; index++) {
      let byte = keys[at - 4 + (isFirst ? (index + 1) % 4 : index)] as number;
      if (isFirst) byte = (sBox[byte] as number) ^ (index === 0 ? constant : 0);
      keys[at + index] = (keys[at - AES_BLOCK_LENGTH + index] as number) ^ byte;
    }
    if (isFirst) constant = doubled(constant);
  }
  return keys;
}

/** The inverse cipher of one block, in place. The byte of row r and column c is at r + 4c. */
function decryptBlock(block: Uint8Array, keys: Uint8Array, inverse: Uint8Array): void {
  addKey(block, keys, ROUNDS);
  const before = new Uint8Array(AES_BLOCK_LENGTH);
  for (let round = ROUNDS - 1; round >= 0; round--) {
    before.set(block);
    for (let index = 0; index < AES_BLOCK_LENGTH; index++) {
      const row = index % 4;
      block[(index + 4 * row) % AES_BLOCK_LENGTH] = inverse[before[index] as number] as number;
    }
    addKey(block, keys, round);
    for (let at = 0; round > 0 && at < AES_BLOCK_LENGTH; at += 4) unmixColumn(block, at);
  }
}

function addKey(block: Uint8Array, keys: Uint8Array, round: number): void {
  for (let index = 0; index < AES_BLOCK_LENGTH; index++) {
    block[index] = (block[index] as number) ^ (keys[round * AES_BLOCK_LENGTH + index] as number);
  }
}

/** The inverse of MixColumns (FIPS 197 §5.3.3): four times the even and the odd bytes, and then MixColumns itself. */
function unmixColumn(block: Uint8Array, at: number): void {
  const [first, second, third, fourth] = block.subarray(at, at + 4) as unknown as [number, number, number, number];
  const even = doubled(doubled(first ^ third));
  const odd = doubled(doubled(second ^ fourth));
  const [a, b, c, d] = [first ^ even, second ^ odd, third ^ even, fourth ^ odd];
  const sum = a ^ b ^ c ^ d;
  block[at] = a ^ sum ^ doubled(a ^ b);
  block[at + 1] = b ^ sum ^ doubled(b ^ c);
  block[at + 2] = c ^ sum ^ doubled(c ^ d);
  block[at + 3] = d ^ sum ^ doubled(d ^ a);
}

/** Twice a number of the field GF(2⁸) of AES. */
function doubled(value: number): number {
  return (value << 1) ^ (value >= 0x80 ? 0x11b : 0);
}
