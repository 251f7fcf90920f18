import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createLwipTcp, type LwipConnections } from "../../../bench/lwip/lwip-tcp.js";
import type { RigConnection } from "../../../bench/lwip/rig.js";
import { Power } from "../../../hal/boards/sim/power.js";
import type { SocketInstance } from "../../../hal/ecma419/modules.js";

const MSS = 1436;

/** lwIP without a network: what the module asks of it, in order. */
class Lwip implements LwipConnections {
  readonly asked: string[] = [];
  connection: RigConnection | undefined;

  connect(port: number, connection: RigConnection): number {
    this.asked.push(`connect ${port}`);
    this.connection = connection;
    return 7;
  }

  write(number: number, bytes: Uint8Array): void {
    this.asked.push(`write ${number} ${bytes.byteLength}`);
  }

  received(number: number, byteLength: number): void {
    this.asked.push(`received ${number} ${byteLength}`);
  }

  close(number: number): void {
    this.asked.push(`close ${number}`);
  }
}

interface Opened {
  readonly lwip: Lwip;
  readonly connection: RigConnection;
  readonly socket: SocketInstance;
  readonly called: string[];
}

function open(): Opened {
  const lwip = new Lwip();
  const called: string[] = [];
  const Tcp = createLwipTcp(lwip, MSS, new Power());
  const socket = new Tcp({
    address: "10.77.0.1",
    port: 80,
    onReadable: (count) => called.push(`readable ${count}`),
    onWritable: (count) => called.push(`writable ${count}`),
    onError: () => called.push("error"),
  });
  lwip.asked.length = 0;
  return { lwip, connection: lwip.connection as RigConnection, socket, called };
}

test("the window opens by a whole chain of pbufs, once its last byte was read", () => {
  const { lwip, connection, socket } = open();
  connection.onData(Buffer.alloc(MSS));
  connection.onData(Buffer.alloc(3 * MSS));
  socket.read(new Uint8Array(MSS - 1));
  assert.deepEqual(lwip.asked, []);
  socket.read(new Uint8Array(2));
  assert.deepEqual(lwip.asked, [`received 7 ${MSS}`]);
  socket.read(new Uint8Array(3 * MSS - 1));
  assert.deepEqual(lwip.asked, [`received 7 ${MSS}`, `received 7 ${3 * MSS}`]);
});

test("what comes in one turn is reported by one callback, with all that can be read", async () => {
  const { connection, called } = open();
  connection.onData(Buffer.alloc(10));
  connection.onData(Buffer.alloc(20));
  assert.deepEqual(called, []);
  await nextTurn();
  assert.deepEqual(called, ["readable 30"]);
});

test("the end is reported once everything before it was read", async () => {
  const { connection, called, socket } = open();
  connection.onData(Buffer.alloc(10));
  connection.onEnd();
  await nextTurn();
  assert.deepEqual(called, ["readable 10"]);
  socket.read(new Uint8Array(10));
  await nextTurn();
  assert.deepEqual(called, ["readable 10", "error"]);
});

test("more than there is cannot be read, nor more be written than lwIP takes", async () => {
  const { lwip, connection, called, socket } = open();
  assert.throws(() => socket.write(new Uint8Array(1)), /not ready/);
  connection.onConnected();
  await nextTurn();
  assert.deepEqual(called, [`writable ${4 * MSS}`]);
  socket.write(new Uint8Array(4 * MSS));
  assert.throws(() => socket.write(new Uint8Array(1)), /would block/);
  connection.onSent(100);
  socket.write(new Uint8Array(100));
  assert.deepEqual(lwip.asked, [`write 7 ${4 * MSS}`, "write 7 100"]);
  connection.onData(Buffer.alloc(10));
  assert.throws(() => socket.read(new Uint8Array(11)), /invalid/);
});

test("nothing is called after close", async () => {
  const { lwip, connection, called, socket } = open();
  connection.onConnected();
  connection.onData(Buffer.alloc(10));
  socket.close();
  socket.close();
  connection.onEnd();
  await nextTurn();
  assert.deepEqual([lwip.asked, called], [["close 7"], []]);
});
