import assert from "node:assert/strict";
import { Socket } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { Power } from "../../../hal/boards/sim/power.js";
import { createTcp } from "../../../hal/boards/sim/tcp.js";
import { createTls } from "../../../hal/boards/sim/tls.js";
import { Ecma419Connector } from "../../../hal/ecma419/connector.js";
import { Link } from "../../support/link.js";
import { Loopback, type Peer, settle, until } from "../../support/loopback.js";
import { SimDevice } from "../../support/sim-device.js";
import { smallFlash } from "../../support/small-flash.js";
import { AUTHORITY, SERVER_TLS } from "../../support/tls-fixtures.js";
import { openTls, type TlsNear } from "../../support/tls-near.js";
import { VirtualClock } from "../../support/virtual-clock.js";

/** Collects exceptions that nobody catches: on the chip such an exception ends the engine. */
class WatchedPower extends Power {
  readonly uncaught: unknown[] = [];

  override run(action: () => void): void {
    try {
      super.run(action);
    } catch (error) {
      this.uncaught.push(error);
    }
  }
}

let power: WatchedPower;
let server: Loopback;
/** A relay between board and server: the bytes for the board go through it. */
let middle: Loopback;
let onward: Socket | undefined;

beforeEach(async () => {
  power = new WatchedPower();
  server = await Loopback.start(SERVER_TLS);
  middle = await Loopback.start();
});
afterEach(async () => {
  power.cut();
  onward?.destroy();
  onward = undefined;
  await middle.stop();
  await server.stop();
});

/** Joins the board's connection, which waits at the relay, to the server. */
async function join(): Promise<{ board: Peer; server: Peer }> {
  const board = await middle.peer();
  const socket = new Socket().connect(server.port, "127.0.0.1");
  onward = socket;
  socket.on("error", () => {});
  socket.write(board.received);
  board.socket.pipe(socket);
  socket.on("data", (bytes) => board.socket.write(bytes));
  return { board, server: await server.peer() };
}

function connect(clock = new VirtualClock()): { link: Link; clock: VirtualClock } {
  const device = new SimDevice(smallFlash("1"));
  const { platform } = device.modules;
  const connector = new Ecma419Connector({ TCP: createTcp(power), TLS: createTls(power, true), platform, clock });
  const link = new Link(connector, { host: "127.0.0.1", port: middle.port, tls: { authority: AUTHORITY } });
  link.pieceLength = 0;
  return { link, clock };
}

const RECORD = Buffer.alloc(600, "r");
const BROKEN = Buffer.alloc(64, "x");

test("the SDK's TLS socket reads on in a timer, and throws there if the next record is wrong", async () => {
  const near: TlsNear = openTls({ power, port: middle.port });
  const far = await join();
  await until("handshake", () => near.events.length > 0);
  await far.server.send(RECORD);
  await until("record", () => near.available === RECORD.byteLength);
  await far.board.send(BROKEN);
  await settle();
  assert.deepEqual([near.thrown, power.uncaught], [[], []], "the record before is not read yet");
  near.socket.read(new Uint8Array(RECORD.byteLength));
  await until("exception", () => power.uncaught.length > 0);
  assert.deepEqual(near.thrown, []);
});

test("a broken record behind one that is being read ends as `io`, and nothing is thrown that nobody catches", async () => {
  const { link, clock } = connect();
  const far = await join();
  await until("handshake", () => link.connected);
  await far.server.send(RECORD);
  await until("record", () => link.events.includes("readable"));
  await far.board.send(BROKEN);
  await settle();
  assert.ok(!link.events.includes("error io"), "the record before is not read yet");
  assert.equal(link.readOnce(RECORD.byteLength), RECORD.byteLength);
  await settle();
  assert.deepEqual(power.uncaught, [], "the SDK's own timer finds nothing to read");
  clock.advance(0);
  await until("end", () => link.error !== undefined || power.uncaught.length > 0);
  assert.deepEqual(power.uncaught, []);
  assert.equal(link.error?.kind, "io");
});

test("records that came while one was being read are all announced", async () => {
  const { link, clock } = connect();
  const far = await join();
  await until("handshake", () => link.connected);
  for (let count = 0; count < 5; count++) await far.server.send(RECORD);
  await settle();
  link.pieceLength = 100;
  link.drain();
  await until("all of them", () => {
    clock.advance(0);
    return link.bytes.byteLength === 5 * RECORD.byteLength;
  });
  assert.deepEqual(power.uncaught, []);
});

test("a connection that is closed before it reads on calls nothing", async () => {
  const { link, clock } = connect();
  const far = await join();
  await until("handshake", () => link.connected);
  await far.server.send(RECORD);
  await until("record", () => link.events.includes("readable"));
  await far.board.send(BROKEN);
  await settle();
  link.readOnce(RECORD.byteLength);
  link.close();
  clock.advance(0);
  await settle();
  assert.deepEqual([link.error, power.uncaught], [undefined, []]);
});

test("a port that accepts connections without TLS is reported as such, whether it ends them or keeps silent", async () => {
  const ending = connect();
  const far = await middle.peer();
  far.socket.end();
  await until("end", () => ending.link.error !== undefined);
  assert.equal(ending.link.error?.kind, "unreachable");
  assert.equal(ending.link.error.message, `no TLS (plain port?) to 127.0.0.1:${middle.port}`);

  const silent = connect();
  await middle.peer();
  await settle();
  silent.clock.advance(60_000);
  assert.equal(silent.link.error?.kind, "timeout");
  assert.match(silent.link.error.message, /^no TLS \(plain port\?\) to 127\.0\.0\.1 within [0-9]+ ms$/);
});

test("if nobody accepts, the connection is reported as missing, with TLS as without", async () => {
  const { link } = connect();
  const { port } = middle;
  link.close();
  await middle.stop();
  const device = new SimDevice(smallFlash("1"));
  const connector = new Ecma419Connector({
    TCP: createTcp(power),
    TLS: createTls(power, true),
    platform: device.modules.platform,
    clock: new VirtualClock(),
  });
  const refused = new Link(connector, { host: "127.0.0.1", port, tls: { authority: AUTHORITY } });
  await until("refusal", () => refused.error !== undefined);
  assert.equal(refused.error?.message, `no connection to 127.0.0.1:${port}`);
  middle = await Loopback.start();
});
