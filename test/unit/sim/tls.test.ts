import assert from "node:assert/strict";
import { Socket } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";
import type { SocketInstance } from "../../../hal/ecma419/modules.js";
import { Loopback, type Peer, settle, until } from "../../support/loopback.js";
import { SeededRandom } from "../../support/seed.js";
import { SERVER_TLS } from "../../support/tls-fixtures.js";
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

test("every byte arrives in order, both ways", async () => {
  const random = new SeededRandom();
  const [down, up] = [Buffer.from(random.bytes(200_000)), Buffer.from(random.bytes(50_000))];
  const { near, peer } = await connected();
  const pieces: Uint8Array[] = [];
  near.onReadable = () => drain(near.socket, pieces, random.integer(1, 5000));
  void peer.send(down);
  let sent = 0;
  const pump = (room: number): void => {
    const piece = up.subarray(sent, sent + Math.min(room, random.integer(1, 4000)));
    sent += piece.byteLength;
    if (piece.byteLength > 0) near.socket.write(piece);
  };
  near.onWritable = pump;
  pump(ROOM);
  await until("all", () => length(pieces) === down.byteLength && peer.received.byteLength === up.byteLength);
  assert.ok(Buffer.concat(pieces).equals(down));
  assert.ok(peer.received.equals(up));
});

test("a buffer that was passed to write may be reused at once", async () => {
  const { near, peer } = await connected();
  const bytes = Buffer.from("first");
  near.socket.write(bytes);
  bytes.write("other");
  near.socket.write(bytes);
  await until("both", () => peer.received.byteLength === 10);
  assert.equal(peer.received.toString(), "firstother");
});

test("refuses to write more than there is room for, and sends none of it", async () => {
  const { near, peer } = await connected();
  assert.throws(() => near.socket.write(new Uint8Array(ROOM + 1)), { message: "would block" });
  near.socket.write(new Uint8Array(ROOM).fill(7));
  assert.throws(() => near.socket.write(new Uint8Array(200)), { message: "would block" });
  await until("all", () => peer.received.byteLength >= ROOM);
  await until("room again", () => near.events.at(-1) === `writable ${ROOM}`);
  assert.ok(peer.received.equals(Buffer.alloc(ROOM, 7)));
});

test("a read fills what it can", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("hello"));
  await until("bytes", () => near.events.includes("readable 5"));
  const into = Buffer.alloc(10);
  assert.equal(near.socket.read(into.subarray(0, 2)), 2);
  assert.equal(near.socket.read(into.subarray(2)), 3);
  assert.equal(near.socket.read(into), undefined);
  assert.equal(into.toString("latin1", 0, 5), "hello");
});

test("a reader that takes a little at a time, in turns of its own, gets all that comes", async () => {
  const { near, peer } = await connected();
  const bytes = Buffer.from(new SeededRandom().bytes(150_000));
  const pieces: Uint8Array[] = [];
  // biome-ignore lint/correctness/noUnusedVariables: `??=` reads it.
  let timer: NodeJS.Immediate | undefined;
  let told = 0;
  const step = (): void => {
    timer = undefined;
    const piece = new Uint8Array(Math.min(1000, told));
    const count = near.socket.read(piece) as number;
    told -= count;
    pieces.push(piece.subarray(0, count));
    if (told > 0) timer = setImmediate(step);
  };
  near.onReadable = (count) => {
    told = count;
    timer ??= setImmediate(step);
  };
  void peer.send(bytes);
  await until("all", () => length(pieces) === bytes.byteLength);
  assert.ok(Buffer.concat(pieces).equals(bytes));
});

test("the sender must wait for a reader that does not read, which then gets everything", async () => {
  const { near, peer } = await connected();
  const total = 16 * 1024 * 1024;
  let taken = false;
  void peer.send(new Uint8Array(total)).then(() => (taken = true));
  await until("first bytes", () => near.available > 0);
  for (let count = 0; count < 20; count++) await settle();
  assert.equal(taken, false, "the sender was not held back");
  let got = 0;
  const into = new Uint8Array(65536);
  near.onReadable = () => {
    for (let count = near.socket.read(into); typeof count === "number"; count = near.socket.read(into)) got += count;
  };
  near.onReadable(near.available);
  await until("all", () => got === total);
});

test("a close by the peer is reported once, by onError without an argument", async () => {
  const { near, peer } = await connected();
  peer.socket.end();
  await until("end", () => near.events.includes("error"));
  await settle();
  assert.deepEqual(near.events, [`writable ${ROOM}`, "error"]);
  assert.deepEqual(near.errorArguments, [[]]);
  assert.deepEqual(near.thrown, []);
});

test("bytes that came before a close by the peer can be read, before and after the close is reported", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("last words"));
  peer.socket.end();
  await until("bytes", () => near.available === 10);
  await settle();
  const into = Buffer.alloc(10);
  assert.equal(near.socket.read(into), 10);
  assert.equal(into.toString(), "last words");
  await until("end", () => near.events.includes("error"));
  await settle();
  assert.equal(near.events.filter((event) => event === "error").length, 1);
});

test("closing after the peer closed calls nothing", async () => {
  const { near, peer } = await connected();
  near.onError = () => near.socket.close();
  peer.socket.destroy();
  await until("end", () => near.events.includes("error"));
  near.socket.close();
  await settle();
  assert.deepEqual(near.thrown, []);
});

test("writing while the peer goes away throws no exception that nobody catches", async () => {
  const { near, peer } = await connected();
  peer.socket.destroy();
  near.socket.write(new Uint8Array(ROOM));
  await until("end", () => near.events.includes("error") || near.thrown.length > 0);
  await settle();
  near.socket.close();
  await settle();
});

test("bytes after the handshake that are no TLS end the connection with an exception inside a callback of the TCP", async () => {
  const middle = await Loopback.start();
  try {
    const near = open({ port: middle.port });
    const { socket, received } = await middle.peer();
    const onward = new Socket().connect(loopback.port, "127.0.0.1");
    onward.write(received);
    socket.pipe(onward).pipe(socket);
    await until("handshake", () => near.events.length > 0);
    assert.deepEqual(near.events, [`writable ${ROOM}`]);
    socket.write(Buffer.alloc(64, "x"));
    await until("failure", () => near.events.length > 1);
    assert.equal(near.events[1], "thrown");
    onward.destroy();
  } finally {
    await middle.stop();
  }
});

test("close sends what was written and TLS's close_notify, then nothing is called any more", async () => {
  const { near, peer } = await connected();
  near.socket.write(new Uint8Array(5000).fill(1));
  near.socket.close();
  near.socket.close();
  const before = near.events.length;
  await until("end", () => peer.ended);
  assert.equal(peer.received.byteLength, 5000);
  await settle();
  assert.equal(near.events.length, before);
  assert.deepEqual(near.thrown, []);
  peer.socket.end();
  await until("close", () => peer.closed);
});

test("close during the handshake calls nothing and frees the connection", async () => {
  const near = open();
  near.socket.close();
  await settle();
  await until("end of the connection", () => loopback.connections === 0);
  assert.deepEqual(near.events, []);
});

test("after a power cut nothing is called, and the peer's connection ends", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("hello"));
  await until("bytes", () => near.available === 5);
  power.cut();
  const before = near.events.length;
  assert.throws(() => near.socket.read(new Uint8Array(1)), PowerLost);
  assert.throws(() => near.socket.write(new Uint8Array(1)), PowerLost);
  assert.throws(() => open(), PowerLost);
  await until("close", () => peer.ended || peer.closed);
  await settle();
  assert.equal(near.events.length, before);
  assert.deepEqual(near.thrown, []);
});

function open(options: Partial<TlsNearOptions> = {}): TlsNear {
  return openTls({ power, port: loopback.port, ...options });
}

async function connected(): Promise<{ near: TlsNear; peer: Peer }> {
  const near = open();
  const peer = await loopback.peer();
  await until("handshake", () => near.events.length > 0);
  return { near, peer };
}

function drain(socket: SocketInstance, pieces: Uint8Array[], most: number): void {
  for (;;) {
    const piece = new Uint8Array(most);
    const count = socket.read(piece);
    if (typeof count !== "number") return;
    pieces.push(piece.subarray(0, count));
  }
}

function length(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
