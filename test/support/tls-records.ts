import { createDecipheriv, createHmac } from "node:crypto";

/** RFC 5246, 6.2.1. */
const HEADER_LENGTH = 5;
const TYPES: { readonly [type: number]: string } = { 20: "ChangeCipherSpec", 21: "Alert", 22: "Handshake" };
const HANDSHAKE = 22;
const CHANGE_CIPHER_SPEC = 20;
const APPLICATION_DATA = 23;
/** RFC 5246, 7.4. */
const MESSAGES: { readonly [type: number]: string } = {
  2: "ServerHello",
  4: "NewSessionTicket",
  11: "Certificate",
  12: "ServerKeyExchange",
  13: "CertificateRequest",
  14: "ServerHelloDone",
};
/** ClientHello and ServerHello: record's header, message's header, version; then 32 bytes. */
const RANDOM_AT = HEADER_LENGTH + 4 + 2;
const RANDOM_LENGTH = 32;
/** RFC 5288: the first four of the 12 bytes of a nonce come from the key, the others from the record; then the tag. */
const SALT_LENGTH = 4;
const NONCE_LENGTH = 8;
const TAG_LENGTH = 16;
const KEY_LENGTH = 16;
/** Suites with RSA, DHE_RSA, ECDHE_RSA and ECDHE_ECDSA. */
const AES_128_GCM_SHA256 = [0x009c, 0x009e, 0xc02f, 0xc02b];
const FIRST_COUNTER = Buffer.from([0, 0, 0, 2]);

/** What a server has sent in one record. */
export interface TlsContent {
  readonly name: string;
  /** Set for application data alone, if the suite has AES_128_GCM_SHA256. */
  readonly data: Buffer | undefined;
}

/** The secrets of connections, by the client's random number in hex, from lines of a key log. */
export class TlsKeys {
  readonly #secrets = new Map<string, Buffer>();

  add(line: Buffer): void {
    const [label, random = "", secret = ""] = line.toString("latin1").trim().split(" ");
    if (label === "CLIENT_RANDOM") this.#secrets.set(random, Buffer.from(secret, "hex"));
  }

  /** @throws Error if the server did not log it */
  secretOf(random: Buffer): Buffer {
    const secret = this.#secrets.get(random.toString("hex"));
    if (secret === undefined) throw new Error("the keys of a connection are missing");
    return secret;
  }
}

/**
 * Decodes what a client of TLS 1.2 reads: the content of each record from the server, once its last byte has been read.
 */
export class TlsRecords {
  readonly #keys: TlsKeys;
  #sent: Buffer = Buffer.alloc(0);
  #rest: Buffer = Buffer.alloc(0);
  #serverRandom: Buffer = Buffer.alloc(0);
  #encrypts = false;
  #readable = false;
  #server: { readonly key: Buffer; readonly salt: Buffer } | undefined;

  constructor(keys: TlsKeys) {
    this.#keys = keys;
  }

  sent(bytes: Uint8Array): void {
    if (this.#sent.length < RANDOM_AT + RANDOM_LENGTH) this.#sent = Buffer.concat([this.#sent, bytes]);
  }

  received(bytes: Uint8Array): TlsContent[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const contents: TlsContent[] = [];
    while (this.#rest.length >= HEADER_LENGTH && this.#rest.length >= HEADER_LENGTH + this.#rest.readUInt16BE(3)) {
      const end = HEADER_LENGTH + this.#rest.readUInt16BE(3);
      contents.push(this.#content(this.#rest.subarray(0, end)));
      this.#rest = this.#rest.subarray(end);
    }
    return contents;
  }

  #content(record: Buffer): TlsContent {
    const type = record[0] as number;
    const message = record[HEADER_LENGTH] as number;
    if (type === HANDSHAKE && this.#encrypts) return { name: "TLS Finished", data: undefined };
    if (type === HANDSHAKE) {
      if (MESSAGES[message] === "ServerHello") this.#onServerHello(record);
      return { name: `TLS ${MESSAGES[message] ?? message}`, data: undefined };
    }
    if (type === CHANGE_CIPHER_SPEC) this.#encrypts = true;
    if (type !== APPLICATION_DATA) return { name: `TLS ${TYPES[type] ?? type}`, data: undefined };
    return { name: "TLS data", data: this.#readable ? this.#decrypted(record.subarray(HEADER_LENGTH)) : undefined };
  }

  /** The random number is followed by the length of the session id, the session id, and the suite. */
  #onServerHello(record: Buffer): void {
    this.#serverRandom = randomOf(record);
    const nameAt = RANDOM_AT + RANDOM_LENGTH + 1;
    this.#readable = AES_128_GCM_SHA256.includes(record.readUInt16BE(nameAt + (record[nameAt - 1] as number)));
  }

  /** The tag is not checked here: the client checks it. */
  #decrypted(fragment: Buffer): Buffer {
    this.#server ??= this.#serverKeys();
    const { key, salt } = this.#server;
    const iv = Buffer.concat([salt, fragment.subarray(0, NONCE_LENGTH), FIRST_COUNTER]);
    return createDecipheriv("aes-128-ctr", key, iv).update(fragment.subarray(NONCE_LENGTH, -TAG_LENGTH));
  }

  /** RFC 5246, 6.3: keys of the client and the server, then their salts. */
  #serverKeys(): { readonly key: Buffer; readonly salt: Buffer } {
    const clientRandom = randomOf(this.#sent);
    const seed = Buffer.concat([Buffer.from("key expansion"), this.#serverRandom, clientRandom]);
    const block = prf(this.#keys.secretOf(clientRandom), seed, 2 * (KEY_LENGTH + SALT_LENGTH));
    const saltAt = 2 * KEY_LENGTH + SALT_LENGTH;
    return { key: block.subarray(KEY_LENGTH, 2 * KEY_LENGTH), salt: block.subarray(saltAt, saltAt + SALT_LENGTH) };
  }
}

function randomOf(hello: Buffer): Buffer {
  return Buffer.from(hello.subarray(RANDOM_AT, RANDOM_AT + RANDOM_LENGTH));
}

/** RFC 5246, 5. */
function prf(secret: Buffer, seed: Buffer, byteLength: number): Buffer {
  const hash = (bytes: Buffer): Buffer => createHmac("sha256", secret).update(bytes).digest();
  let output: Buffer = Buffer.alloc(0);
  for (let a = hash(seed); output.length < byteLength; a = hash(a)) {
    output = Buffer.concat([output, hash(Buffer.concat([a, seed]))]);
  }
  return output;
}
