import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Power, PowerLost } from "../../../hal/boards/sim/power.js";
import { createTcp, poke, type PokableTcp } from "../../../hal/boards/sim/tcp.js";
import type { SocketInstance } from "../../../hal/ecma419/modules.js";
import { deadPort, Loopback, type Peer, settle, until } from "../../support/loopback.js";
import { SeededRandom } from "../../support/seed.js";

const WINDOW = 8192;
let power: Power;
let loopback: Loopback;

beforeEach(async () => {
  power = new Power();
  loopback = await Loopback.start();
});
afterEach(async () => {
  power.cut();
  await loopback.stop();
});

test("takes addresses, no names, and a port of 16 bits", () => {
  for (const address of ["localhost", "", "127.0.0", "example.com"]) {
    assert.throws(() => open({ address }), /invalid address/);
  }
  for (const port of [-1, 65536]) assert.throws(() => open({ port }), RangeError);
});

test("is not ready before it is connected, then announces how much may be written", async () => {
  const near = open();
  assert.throws(() => near.socket.write(Buffer.from("x")), { message: "not ready" });
  assert.deepEqual(near.events, []);
  await until("connection", () => near.events.length > 0);
  assert.deepEqual(near.events, [`writable ${WINDOW}`]);
  near.socket.write(Buffer.from("x"));
  const peer = await loopback.peer();
  await until("byte", () => peer.received.byteLength === 1);
});

test("refuses to write more than there is room for, and sends none of it", async () => {
  const { near, peer } = await connected();
  assert.throws(() => near.socket.write(new Uint8Array(WINDOW + 1)), { message: "would block" });
  near.socket.write(new Uint8Array(WINDOW).fill(7));
  assert.throws(() => near.socket.write(new Uint8Array(WINDOW + 1)), { message: "would block" });
  await until("all", () => peer.received.byteLength >= WINDOW);
  await until("room again", () => near.events.at(-1) === `writable ${WINDOW}`);
  assert.ok(peer.received.equals(Buffer.alloc(WINDOW, 7)));
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

test("reads exactly what is there; more, or nothing of it, is invalid and takes nothing", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("hello"));
  await until("bytes", () => near.events.includes("readable 5"));
  for (const length of [6, 0, 1000]) {
    assert.throws(() => near.socket.read(new Uint8Array(length)), { message: "invalid" });
  }
  assert.equal(read(near.socket, 2), "he");
  assert.throws(() => near.socket.read(new Uint8Array(4)), { message: "invalid" });
  assert.equal(read(near.socket, 3), "llo");
});

test("if nothing is left, a read of any length gives nothing and throws nothing", async () => {
  const { near, peer } = await connected();
  assert.equal(near.socket.read(new Uint8Array(1)), undefined);
  await peer.send(Buffer.from("x"));
  await until("bytes", () => near.events.includes("readable 1"));
  assert.equal(near.socket.read(new Uint8Array(1)), 1);
  assert.equal(near.socket.read(new Uint8Array(1)), undefined);
});

test("`this` in every callback is the socket", async () => {
  const owners: unknown[] = [];
  const note = function (this: unknown): void {
    owners.push(this);
  };
  const TCP = createTcp(power);
  const socket = new TCP({
    address: "127.0.0.1",
    port: loopback.port,
    onReadable: note,
    onWritable: note,
    onError: note,
  });
  const peer = await loopback.peer();
  await until("connection", () => owners.length === 1);
  await peer.send(Buffer.from("x"));
  await until("bytes", () => owners.length === 2);
  socket.read(new Uint8Array(1));
  socket.write(Buffer.from("x"));
  await until("room", () => owners.length === 3);
  peer.socket.end();
  await until("end", () => owners.length === 4);
  assert.ok(owners.every((owner) => owner === socket));
});

test("a closed socket can be neither read nor written", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("x"));
  await until("bytes", () => near.available === 1);
  near.socket.close();
  assert.throws(() => near.socket.read(new Uint8Array(1)), TypeError);
  assert.throws(() => near.socket.write(new Uint8Array(1)), TypeError);
});

test("bytes that are left unread are announced again together with the next ones", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("hello"));
  await until("bytes", () => near.events.includes("readable 5"));
  assert.equal(read(near.socket, 1), "h");
  await peer.send(Buffer.from(" you"));
  await until("more", () => near.events.includes("readable 8"));
  assert.equal(read(near.socket, 8), "ello you");
});

test("every byte arrives in order, however it is cut into reads", async () => {
  const random = new SeededRandom();
  const sent = Buffer.from(random.bytes(300_000));
  const { near, peer } = await connected();
  const pieces: Uint8Array[] = [];
  near.onReadable = (count) => {
    for (let left = count; left > 0; ) {
      const piece = new Uint8Array(Math.min(left, random.integer(1, 3000)));
      near.socket.read(piece);
      pieces.push(piece);
      left -= piece.byteLength;
    }
  };
  void peer.send(sent);
  await until("all", () => pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) === sent.byteLength);
  assert.ok(Buffer.concat(pieces).equals(sent));
});

test("the sender must wait for a reader that does not read, which then gets everything", async () => {
  const { near, peer } = await connected();
  const length = 16 * 1024 * 1024;
  let taken = false;
  void peer.send(new Uint8Array(length)).then(() => (taken = true));
  await until("first bytes", () => near.available > 0);
  await settle();
  assert.equal(taken, false, "the sender was not held back");
  assert.ok(near.available < WINDOW + 65536, `${near.available} bytes were taken in`);
  let total = 0;
  near.onReadable = (count) => {
    near.socket.read(new Uint8Array(count));
    total += count;
  };
  near.onReadable(near.available);
  await until("all", () => total === length);
});

test("a close by the peer is reported once, by onError without an argument", async () => {
  const { near, peer } = await connected();
  peer.socket.end();
  await until("end", () => near.events.includes("error"));
  await settle();
  assert.deepEqual(near.events, [`writable ${WINDOW}`, "error"]);
  assert.deepEqual(near.errorArguments, [[]]);
  assert.throws(() => near.socket.write(Buffer.from("x")), { message: "not ready" });
});

test("a close by the peer is reported only after the last byte was read, and not from inside read", async () => {
  const { near, peer } = await connected();
  await peer.send(Buffer.from("last words"));
  peer.socket.end();
  await until("bytes", () => near.events.includes("readable 10"));
  await settle();
  assert.equal(read(near.socket, 9), "last word");
  await settle();
  assert.ok(!near.events.includes("error"), "before the last byte");
  assert.equal(read(near.socket, 1), "s");
  assert.ok(!near.events.includes("error"), "inside read");
  await until("end", () => near.events.includes("error"));
  await settle();
  assert.equal(near.events.filter((event) => event === "error").length, 1);
});

test("a reset by the peer is the same", async () => {
  const { near, peer } = await connected();
  peer.socket.resetAndDestroy();
  await until("end", () => near.events.includes("error"));
  await settle();
  assert.deepEqual(near.errorArguments, [[]]);
});

test("if nobody listens, onError comes without onWritable", async () => {
  const near = open({ port: await deadPort() });
  await until("end", () => near.events.length > 0);
  await settle();
  assert.deepEqual(near.events, ["error"]);
});

test("close sends what was written, then nothing is called any more", async () => {
  const { near, peer } = await connected();
  near.socket.write(new Uint8Array(5000).fill(1));
  near.socket.close();
  near.socket.close();
  const before = near.events.length;
  await until("end", () => peer.ended);
  assert.equal(peer.received.byteLength, 5000);
  await peer.send(Buffer.from("too late"));
  peer.socket.end();
  await until("close", () => peer.closed);
  await settle();
  assert.equal(near.events.length, before);
});

test("after a close before the connection is made nothing is called", async () => {
  const near = open();
  near.socket.close();
  await settle();
  assert.deepEqual(near.events, []);
});

test("close with bytes unread frees the peer", async () => {
  const { near, peer } = await connected();
  void peer.send(new Uint8Array(1_000_000));
  await until("bytes", () => near.available > 0);
  near.socket.close();
  await until("end", () => peer.ended || peer.closed);
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
  near.socket.close();
  assert.equal(near.events.length, before);
});

test("a power cut from inside a callback silences the callbacks of other sockets", async () => {
  const first = await connected();
  const second = await connected(1);
  for (const { near } of [first, second]) near.onReadable = () => power.cut();
  await Promise.all([first.peer.send(Buffer.from("x")), second.peer.send(Buffer.from("x"))]);
  await until("cut", () => !power.on);
  await settle();
  const readable = [first, second].flatMap(({ near }) => near.events).filter((event) => event.startsWith("readable"));
  assert.equal(readable.length, 1);
});

test("a poke calls onReadable with nothing to read, until close", async () => {
  const { near } = await connected();
  (near.socket as PokableTcp)[poke]();
  assert.equal(near.events.at(-1), "readable 0");
  near.socket.close();
  (near.socket as PokableTcp)[poke]();
  assert.equal(near.events.filter((event) => event === "readable 0").length, 1);
});

interface Near {
  readonly socket: SocketInstance;
  readonly events: string[];
  readonly errorArguments: unknown[][];
  available: number;
  onReadable(count: number): void;
}

function open(options: { address?: string; port?: number } = {}): Near {
  const TCP = createTcp(power);
  const near: { -readonly [Key in keyof Near]: Near[Key] } = {
    socket: undefined as never,
    events: [],
    errorArguments: [],
    available: 0,
    onReadable: () => {},
  };
  near.socket = new TCP({
    address: options.address ?? "127.0.0.1",
    port: options.port ?? loopback.port,
    onReadable: (count) => {
      near.events.push(`readable ${count}`);
      near.available = count;
      near.onReadable(count);
    },
    onWritable: (count) => near.events.push(`writable ${count}`),
    onError: (...parts: unknown[]) => {
      near.events.push("error");
      near.errorArguments.push(parts);
    },
  });
  return near;
}

async function connected(index = 0): Promise<{ near: Near; peer: Peer }> {
  const near = open();
  const peer = await loopback.peer(index);
  await until("connection", () => near.events.length > 0);
  return { near, peer };
}

function read(socket: SocketInstance, length: number): string {
  const bytes = new Uint8Array(length);
  socket.read(bytes);
  return Buffer.from(bytes).toString();
}
