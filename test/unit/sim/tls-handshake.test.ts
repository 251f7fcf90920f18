import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Power } from "../../../hal/boards/sim/power.js";
import { Loopback, settle, until } from "../../support/loopback.js";
import {
  AUTHORITY,
  certificateDer,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  CLIENT_NAME,
  keyDer,
  MUTUAL_TLS,
  OTHER_AUTHORITY,
  SERVER_TLS,
  tlsPem,
} from "../../support/tls-fixtures.js";
import { createTcp } from "../../../hal/boards/sim/tcp.js";
import { createTls } from "../../../hal/boards/sim/tls.js";
import { openTls, type TlsNear, type TlsNearOptions } from "../../support/tls-near.js";

const ROOM = 8192 - 96;
let power: Power;
let loopback: Loopback;

beforeEach(async () => {
  power = new Power();
  loopback = await Loopback.start(SERVER_TLS);
});
afterEach(async () => {
  power.cut();
  await loopback.stop();
});

test("is ready after the handshake, with room for less than a TCP takes", async () => {
  const near = open();
  assert.throws(() => near.socket.write(Buffer.from("x")), { message: "not ready" });
  assert.equal(near.socket.read(new Uint8Array(1)), undefined);
  await until("handshake", () => near.events.length > 0);
  assert.deepEqual(near.events, [`writable ${ROOM}`]);
  const { socket } = await loopback.peer();
  assert.equal((socket as TLSSocket).getProtocol(), "TLSv1.2");
});

test("names the host to the server, but not an address", async () => {
  const names: unknown[] = [];
  await withServer({ ...SERVER_TLS, SNICallback: (name, done) => (names.push(name), done(null)) }, async (server) => {
    const near = open({ port: server.port, host: "localhost" });
    await until("handshake", () => near.events.length > 0);
    const other = open({ port: server.port });
    await until("handshake", () => other.events.length > 0);
  });
  assert.deepEqual(names, ["localhost"]);
});

for (const [what, options] of [
  ["a certificate of another authority", { authority: OTHER_AUTHORITY }],
  ["a certificate of no known authority", { authority: undefined }],
  ["a certificate of another name", { host: "other.example" }],
  ["a certificate of another address", { host: "127.0.0.2" }],
] as const) {
  test(`${what} is thrown inside a callback of the TCP, once, before any other callback`, async () => {
    const near = open(options);
    await until("failure", () => near.events.length > 0);
    await settle();
    assert.equal(near.thrown.length, 1);
    assert.ok(near.thrown[0] instanceof Error);
    assert.equal(near.events[0], "thrown");
    assert.ok(!near.events.some((event) => event.startsWith("writable")));
  });
}

test("a chain whose CA has no authority key identifier is a failed handshake, although it is trusted", async () => {
  const tls = { cert: tlsPem("no-aki-server.pem"), key: tlsPem("no-aki-server-key.pem") };
  await withServer(tls, async (server) => {
    const near = open({ port: server.port, authority: certificateDer("no-aki-ca.pem") });
    await until("failure", () => near.events.length > 0);
    await settle();
    assert.deepEqual(near.events, ["thrown"]);
    assert.deepEqual(near.thrown, [new TypeError("invalid buffer")]);
  });
});

test("a device's key that is not RSA is refused", () => {
  const key = keyDer("no-aki-server-key.pem");
  assert.throws(() => open({ certificate: CLIENT_CERTIFICATE, key }), { message: "certificateVerify: unimplemented" });
});

test("a server that sends its certificate alone fails, even if its authority is known", async () => {
  const leaf = tlsPem("server.pem")
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)[0] as string;
  await withServer({ ...SERVER_TLS, cert: leaf }, async (server) => {
    const near = open({ port: server.port });
    await until("failure", () => near.events.length > 0);
    await settle();
    assert.equal(near.events[0], "thrown");
    assert.equal(near.thrown.length, 1);
    assert.ok(!near.events.some((event) => event.startsWith("writable")));
  });
});

test("without the option to be as strict as the SDK, it takes a chain that Node takes", async () => {
  const leaf = tlsPem("server.pem")
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)[0] as string;
  await withServer({ ...SERVER_TLS, cert: leaf }, async (server) => {
    const near = open({ port: server.port, strict: false });
    await until("handshake", () => near.events.length > 0);
    assert.deepEqual(near.events, [`writable ${ROOM}`]);
  });
});

test("`this` in the callbacks is not the socket", async () => {
  const owners: unknown[] = [];
  const note = function (this: unknown): void {
    owners.push(this);
  };
  const TLS = createTls(power, true);
  const options = {
    address: "127.0.0.1",
    port: loopback.port,
    host: "127.0.0.1",
    TCP: { io: createTcp(power) },
    secure: { certificate: AUTHORITY },
  };
  const socket = new TLS({ ...options, onReadable: note, onWritable: note, onError: note });
  const peer = await loopback.peer();
  await until("handshake", () => owners.length > 0);
  await peer.send(Buffer.from("x"));
  await until("bytes", () => owners.length > 1);
  assert.ok(owners.every((owner) => owner !== socket));
  socket.close();
});

test("a server without TLS is a failed handshake", async () => {
  const plain = await Loopback.start();
  try {
    const near = open({ port: plain.port });
    await (await plain.peer()).send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await until("failure", () => near.events.length > 0);
    assert.equal(near.events[0], "thrown");
  } finally {
    await plain.stop();
  }
});

test("a server of TLS 1.3 alone is a failed handshake", async () => {
  await withServer({ ...SERVER_TLS, minVersion: "TLSv1.3" }, async (server) => {
    const near = open({ port: server.port });
    await until("failure", () => near.events.length > 0);
    assert.equal(near.events[0], "thrown");
  });
});

test("a server of suites that the SDK lacks is a failed handshake", async () => {
  await withServer(
    { ...SERVER_TLS, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" },
    async (server) => {
      const near = open({ port: server.port });
      await until("failure", () => near.events.length > 0);
      assert.equal(near.events[0], "thrown");
    },
  );
});

test("a server that goes away during the handshake is an error, once, and no exception nobody catches", async () => {
  const plain = await Loopback.start();
  try {
    const near = open({ port: plain.port });
    (await plain.peer()).socket.end();
    await until("end", () => near.events.length > 0);
    await settle();
    assert.ok(!near.events.some((event) => event.startsWith("writable")));
  } finally {
    await plain.stop();
  }
});

test("shows the device's certificate if the server asks for it", async () => {
  await withServer(MUTUAL_TLS, async (server) => {
    const near = open({ port: server.port, certificate: CLIENT_CERTIFICATE, key: CLIENT_KEY });
    await until("handshake", () => near.events.length > 0);
    const { socket } = await server.peer();
    assert.equal((socket as TLSSocket).getPeerCertificate().subject.CN, CLIENT_NAME);
  });
});

test("without the certificate that the server asks for, it fails", async () => {
  await withServer(MUTUAL_TLS, async (server) => {
    const near = open({ port: server.port });
    await until("failure", () => near.events.length > 0);
    assert.equal(near.events[0], "thrown");
  });
});

test("a malformed certificate or key is refused at once, and no connection stays behind", async () => {
  const junk = Uint8Array.of(0x30, 1, 2, 3);
  assert.throws(() => open({ authority: junk }));
  assert.throws(() => open({ certificate: junk, key: CLIENT_KEY }));
  assert.throws(() => open({ certificate: CLIENT_CERTIFICATE, key: junk }));
  await settle();
  assert.equal(loopback.connections, 0);
});

function open(options: Partial<TlsNearOptions> = {}): TlsNear {
  return openTls({ power, port: loopback.port, ...options });
}

async function withServer(
  tls: Parameters<typeof Loopback.start>[0],
  body: (server: Loopback) => Promise<void>,
): Promise<void> {
  const server = await Loopback.start(tls);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}
