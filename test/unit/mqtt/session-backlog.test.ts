import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteStream, type ConnectOptions, type Connector, HalError } from "../../../hal/ports/index.js";
import { encodePuback, encodePublish } from "../../../src/mqtt/codec.js";
import { connack, joined, publish, sentPackets } from "../../support/broker-packets.js";
import { SessionTestBed } from "../../support/session-test-bed.js";

/** A socket that has as much room as the test sets, and no more. */
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

function narrow(options: { keepaliveSeconds?: number } = {}): { bed: SessionTestBed; socket: NarrowSocket } {
  const socket = new NarrowSocket();
  const bed = new SessionTestBed({ ...options, connector: socket });
  bed.session.start();
  socket.give(1000);
  socket.send(connack());
  socket.give(0);
  socket.written = new Uint8Array(0);
  return { bed, socket };
}

test("bytes wait for room, go out in order as it comes, and never exceed it", () => {
  const { bed, socket } = narrow();
  for (const text of ["first", "second", "third"]) bed.session.publish("topic", text, () => {});
  socket.send(publish("a", "1", 5));
  assert.equal(socket.written.byteLength, 0);
  for (let count = 0; count < 100; count++) socket.give(count % 4);
  const expected = ["first", "second", "third"].map((text, index) => encodePublish("topic", text, index + 1, false));
  assert.deepEqual(socket.written, joined(...expected, encodePuback(5)));
});

test("even the CONNECT goes out in pieces if the socket has little room", () => {
  const socket = new NarrowSocket();
  const bed = new SessionTestBed({ connector: socket });
  bed.session.start();
  for (let count = 0; count < 60; count++) socket.give(1);
  assert.equal(sentPackets(socket.written).length, 1);
  socket.send(connack());
  assert.equal(bed.session.open, true);
});

test("progress is dropped while other bytes wait for room", () => {
  const { bed, socket } = narrow();
  assert.equal(bed.session.publish("t", "one"), true);
  assert.equal(bed.session.publish("t", "two"), false);
  socket.give(100);
  assert.equal(bed.session.publish("t", "three"), true);
  assert.deepEqual(
    socket.written,
    joined(encodePublish("t", "one", undefined, false), encodePublish("t", "three", undefined, false)),
  );
});

/** Fills the backlog to its 8 KiB, less `free` bytes. */
function fillBacklog(bed: SessionTestBed, free: number): void {
  const overhead = encodePublish("t", "x".repeat(4000), 1, false).byteLength - 4000;
  assert.ok(bed.session.publish("t", "x".repeat(4000), () => {}));
  assert.ok(bed.session.publish("t", "x".repeat(4192 - free - 2 * overhead), () => {}));
  assert.equal(bed.session.open, true);
}

test("the connection to a broker that takes no data is ended once more than 8 KiB wait", () => {
  const { bed, socket } = narrow();
  fillBacklog(bed, 0);
  bed.session.publish("t", "", () => {});
  assert.deepEqual(bed.events, ["open", "closed connection-lost"]);
  assert.equal(socket.closes, 1);
  assert.deepEqual(bed.clock.names(), ["mqtt reconnect"]);
});

test("bytes that found no room before the connection ended are not sent on the next one", () => {
  const { bed, socket } = narrow();
  bed.session.publish("t", "x".repeat(100), () => {});
  socket.give(10);
  socket.options.onError(new HalError("closed", "peer"));
  bed.clock.advance(5000);
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
  const { bed, socket } = narrow();
  socket.broken = true;
  bed.session.publish("t", "x", () => {});
  socket.give(100);
  assert.deepEqual(bed.events, ["open", "closed connection-lost"]);
  assert.deepEqual(bed.clock.names(), ["mqtt reconnect"]);
});

test("a ping that fails leaves no timer of the lost connection behind", () => {
  const { bed, socket } = narrow();
  bed.clock.advance(89_999);
  socket.give(100);
  socket.broken = true;
  bed.clock.advance(1);
  assert.deepEqual(bed.events, ["open", "closed connection-lost"]);
  // The next try began at once: the last CONNECT is longer ago than 5 s.
  assert.deepEqual(bed.clock.names(), []);
});

test("a ping that overfills the backlog leaves no timer behind that ends the next connection", () => {
  const { bed, socket } = narrow({ keepaliveSeconds: 8 });
  fillBacklog(bed, 1);
  bed.clock.advance(6000);
  assert.deepEqual(bed.events, ["open", "closed connection-lost"]);
  socket.give(1000);
  socket.send(connack());
  assert.deepEqual(bed.clock.names(), ["mqtt keepalive"]);
});

test("no message is reported after its connection is over", () => {
  const { bed, socket } = narrow();
  fillBacklog(bed, 3);
  bed.onEvent = (event) => {
    if (event.startsWith("closed")) bed.session.stop();
  };
  socket.send(publish("a", "1", 5));
  assert.deepEqual(bed.events, ["open", "closed connection-lost"]);
});

test("stop reports nothing, even if there is no room for its DISCONNECT", () => {
  const { bed } = narrow();
  fillBacklog(bed, 1);
  bed.session.stop();
  assert.deepEqual(bed.events, ["open"]);
  assert.deepEqual(bed.clock.names(), []);
});
