import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteStream, type ConnectOptions, type Connector, HalError } from "../../../hal/ports/index.js";
import { encodePuback, encodePublish } from "../../../src/mqtt/codec.js";
import { connack, joined, publish, sentPackets } from "../../support/broker-packets.js";
import { SessionBench } from "../../support/session-bench.js";

/** A socket that has room for as much as the test says, and no more. */
class NarrowSocket implements Connector, ByteStream {
  options!: ConnectOptions;
  #incoming: Uint8Array = new Uint8Array(0);
  #room = 0;
  written: Uint8Array = new Uint8Array(0);
  closes = 0;
  broken = false;

  connect(options: ConnectOptions): ByteStream {
    this.options = options;
    return this;
  }

  give(room: number): void {
    this.#room = room;
    this.options.onWritable(room);
  }

  send(bytes: Uint8Array): void {
    this.#incoming = bytes;
    this.options.onReadable();
  }

  read(into: Uint8Array): number {
    const count = Math.min(into.byteLength, this.#incoming.byteLength);
    into.set(this.#incoming.subarray(0, count));
    this.#incoming = this.#incoming.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): number {
    if (bytes.byteLength > this.#room || this.broken) throw new HalError("no-space", "no room");
    this.#room -= bytes.byteLength;
    this.written = joined(this.written, bytes);
    return this.#room;
  }

  close(): void {
    this.closes++;
  }
}

function narrow(options: { keepaliveSeconds?: number } = {}): { bench: SessionBench; socket: NarrowSocket } {
  const socket = new NarrowSocket();
  const bench = new SessionBench({ ...options, connector: socket });
  bench.session.start();
  socket.give(1000);
  socket.send(connack());
  socket.give(0);
  socket.written = new Uint8Array(0);
  return { bench, socket };
}

test("bytes wait for room, go out in order as it comes, and never exceed it", () => {
  const { bench, socket } = narrow();
  for (const text of ["first", "second", "third"]) bench.session.publish("topic", text, () => {});
  socket.send(publish("a", "1", 5));
  assert.equal(socket.written.byteLength, 0);
  for (let count = 0; count < 100; count++) socket.give(count % 4);
  const expected = ["first", "second", "third"].map((text, index) => encodePublish("topic", text, index + 1, false));
  assert.deepEqual(socket.written, joined(...expected, encodePuback(5)));
});

test("even the CONNECT goes out in pieces where the socket has little room", () => {
  const socket = new NarrowSocket();
  const bench = new SessionBench({ connector: socket });
  bench.session.start();
  for (let count = 0; count < 60; count++) socket.give(1);
  assert.equal(sentPackets(socket.written).length, 1);
  socket.send(connack());
  assert.equal(bench.session.open, true);
});

test("progress is dropped while other bytes wait for room", () => {
  const { bench, socket } = narrow();
  assert.equal(bench.session.publish("t", "one"), true);
  assert.equal(bench.session.publish("t", "two"), false);
  socket.give(100);
  assert.equal(bench.session.publish("t", "three"), true);
  assert.deepEqual(
    socket.written,
    joined(encodePublish("t", "one", undefined, false), encodePublish("t", "three", undefined, false)),
  );
});

/** Fills the backlog to its 8 KiB, less `free` bytes. */
function fillBacklog(bench: SessionBench, free: number): void {
  const overhead = encodePublish("t", "x".repeat(4000), 1, false).byteLength - 4000;
  assert.ok(bench.session.publish("t", "x".repeat(4000), () => {}));
  assert.ok(bench.session.publish("t", "x".repeat(4192 - free - 2 * overhead), () => {}));
  assert.equal(bench.session.open, true);
}

test("a broker that takes no data is left once more than 8 KiB wait", () => {
  const { bench, socket } = narrow();
  fillBacklog(bench, 0);
  bench.session.publish("t", "", () => {});
  assert.deepEqual(bench.events, ["open", "closed connection-lost"]);
  assert.equal(socket.closes, 1);
  assert.deepEqual(bench.clock.names(), ["mqtt reconnect"]);
});

test("bytes that found no room before the connection ended are not sent on the next one", () => {
  const { bench, socket } = narrow();
  bench.session.publish("t", "x".repeat(100), () => {});
  socket.give(10);
  socket.options.onError(new HalError("closed", "peer"));
  bench.clock.advance(5000);
  socket.written = new Uint8Array(0);
  socket.give(1000);
  assert.deepEqual(
    sentPackets(socket.written).map(({ type }) => type),
    [1],
  );
  socket.send(connack());
  assert.equal(sentPackets(socket.written).length, 1);
});

test("a write that fails ends the connection, not the caller", () => {
  const { bench, socket } = narrow();
  socket.broken = true;
  bench.session.publish("t", "x", () => {});
  socket.give(100);
  assert.deepEqual(bench.events, ["open", "closed connection-lost"]);
  assert.deepEqual(bench.clock.names(), ["mqtt reconnect"]);
});

test("a ping that fails leaves no timer of the lost connection behind", () => {
  const { bench, socket } = narrow();
  bench.clock.advance(89_999);
  socket.give(100);
  socket.broken = true;
  bench.clock.advance(1);
  assert.deepEqual(bench.events, ["open", "closed connection-lost"]);
  // The next try began at once: the last CONNECT is longer ago than 5 s.
  assert.deepEqual(bench.clock.names(), []);
});

test("a ping that overfills the backlog leaves no timer behind that ends the next connection", () => {
  const { bench, socket } = narrow({ keepaliveSeconds: 8 });
  fillBacklog(bench, 1);
  bench.clock.advance(6000);
  assert.deepEqual(bench.events, ["open", "closed connection-lost"]);
  socket.give(1000);
  socket.send(connack());
  assert.deepEqual(bench.clock.names(), ["mqtt keepalive"]);
});

test("no message is told after the connection that brought it is over", () => {
  const { bench, socket } = narrow();
  fillBacklog(bench, 3);
  bench.onEvent = (event) => {
    if (event.startsWith("closed")) bench.session.stop();
  };
  socket.send(publish("a", "1", 5));
  assert.deepEqual(bench.events, ["open", "closed connection-lost"]);
});

test("stop tells nothing, even where its DISCONNECT finds no room", () => {
  const { bench } = narrow();
  fillBacklog(bench, 1);
  bench.session.stop();
  assert.deepEqual(bench.events, ["open"]);
  assert.deepEqual(bench.clock.names(), []);
});
