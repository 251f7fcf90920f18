import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import { XsSdk } from "../../hal/boards/xs/host/sdk.js";
import { ChipEngine } from "../support/chip-engine.js";
import { SECURED, startSecured } from "../support/secured-test-bed.js";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { tlsPem } from "../support/tls-fixtures.js";
import { TlsKeys } from "../support/tls-records.js";

const KIB = 1024;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** RFC 5246 §6.2.1. */
const HEADER_LENGTH = 5;
/** What AES-GCM adds to the payload of a record: nonce and tag. */
const ADDED_LENGTH = 8 + 16;

/** A relay before a TLS server, which notes the records that it sends. */
class Relay {
  connections = 0;
  readonly records: { readonly type: number; readonly byteLength: number }[] = [];
  readonly #server = createServer((near) => {
    this.connections++;
    const far = connect(this.#target, "127.0.0.1");
    let rest: Buffer = Buffer.alloc(0);
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    near.pipe(far);
    far.on("data", (bytes: Buffer) => {
      near.write(bytes);
      rest = this.#note(Buffer.concat([rest, bytes]));
    });
  });
  readonly #target: number;

  constructor(target: number) {
    this.#target = target;
  }

  async start(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
  }

  longest(type: number): number {
    return Math.max(...this.records.filter((one) => one.type === type).map(({ byteLength }) => byteLength));
  }

  #note(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.byteLength - at >= HEADER_LENGTH) {
      const byteLength = bytes.readUInt16BE(at + 3);
      if (bytes.byteLength - at < HEADER_LENGTH + byteLength) break;
      this.records.push({ type: bytes[at] as number, byteLength });
      at += HEADER_LENGTH + byteLength;
    }
    return bytes.subarray(at);
  }
}

/** A whole update with the SDK's own TLS on XS, from a server with these certificates, over OpenSSL. */
async function update(cert: Buffer): Promise<Relay> {
  const sdk = XsSdk.find(process.env);
  // Twice an ESP32's heap, so that the records of 16 KiB fit beside all that the test bed logs.
  const heap = { slots: 2 * ESP32_HEAP.slots, chunkBytes: 2 * ESP32_HEAP.chunkBytes, stackSlots: 1024 };
  const engine = await ChipEngine.create({ realTime: true, sdk, heap });
  const secured = { ...SECURED, server: { ...SECURED.server, cert } };
  const bed = await startSecured({ engine, secured, keys: new TlsKeys(), image: imageOf("0.2.0", 200 * KIB) });
  const offer = bed.offer();
  const relay = new Relay(Number(new URL(offer.url).port));
  const url = new URL(offer.url);
  url.port = String(await relay.start());
  try {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0, 60_000);
    bed.platform.offer(DEVICE, { ...offer, url: url.href });
    await bed.ended();
    assert.ok(bed.platform.words().includes("done"), bed.platform.words().join());
  } finally {
    await bed.stop();
    relay.stop();
  }
  return relay;
}

const rig = { skip: process.env["MODDABLE"] ? false : "MODDABLE is not set", timeout: 300_000 };

test("over the SDK's TLS, a server that grants short records sends no longer ones", rig, async () => {
  const relay = await update(tlsPem("server.pem"));
  assert.equal(relay.connections, 1);
  assert.equal(relay.longest(APPLICATION_DATA), 4096 + ADDED_LENGTH);
});

test(
  "a server that cuts its certificates into short records is asked again without them, and the update succeeds",
  rig,
  async () => {
    const authority = tlsPem("ca.pem");
    const relay = await update(Buffer.concat([tlsPem("server.pem"), authority, authority, authority]));
    assert.equal(relay.connections, 2);
    assert.ok(relay.records.some(({ type, byteLength }) => type === HANDSHAKE && byteLength === 4096));
    assert.ok(relay.longest(APPLICATION_DATA) > 4096 + ADDED_LENGTH);
  },
);
