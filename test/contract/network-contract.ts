import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  type ConnectOptions,
  type Connector,
  HalError,
  type HalErrorKind,
  type TlsOptions,
} from "../../hal/ports/index.js";
import { Link } from "../support/link.js";
import { deadPort, type Loopback, type Peer, settle, until } from "../support/loopback.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { expectKind } from "./flash-contract.js";

export interface NetworkFixture {
  readonly connector: Connector;
  /** A connector whose waits run on this clock; with `silentNames`, no name is ever resolved. */
  onClock(clock: VirtualClock, silentNames: boolean): Connector;
  /** A server that this connector can talk to. */
  server(): Promise<Loopback>;
  readonly tls?: TlsOptions;
  stop(): void;
}

/** hal/ports/network.ts, sentence by sentence. */
export function networkContract(name: string, start: () => NetworkFixture): void {
  describe(`network: ${name}`, () => {
    let fixture: NetworkFixture;
    let server: Loopback;
    beforeEach(async () => {
      fixture = start();
      server = await fixture.server();
    });
    afterEach(async () => {
      fixture.stop();
      await server.stop();
    });

    const open = (options: Partial<ConnectOptions> = {}, connector = fixture.connector): Link =>
      new Link(connector, { host: "127.0.0.1", port: server.port, tls: fixture.tls, ...options });
    const connect = async (options: Partial<ConnectOptions> = {}): Promise<{ link: Link; peer: Peer }> => {
      const index = server.peers.length;
      const link = open(options);
      await until("connection", () => link.events.length > 0);
      assert.deepEqual(link.events, ["writable"], link.error?.message);
      return { link, peer: await server.peer(index) };
    };
    const fails = async (options: Partial<ConnectOptions>, kind: HalErrorKind): Promise<void> => {
      const link = open(options);
      await until("error", () => link.error !== undefined);
      await settle();
      assert.deepEqual(link.events, [`error ${kind}`], link.error?.message);
      assert.ok(link.error instanceof HalError);
      assert.equal(link.readOnce(1), 0);
    };

    test("the first onWritable reports the connection, by address and by name", async () => {
      for (const host of ["127.0.0.1", "localhost"]) {
        const { link, peer } = await connect({ host });
        assert.ok(link.room > 0);
        link.write(Buffer.from("hello"));
        await until("bytes", () => peer.received.byteLength === 5);
        assert.equal(peer.received.toString(), "hello");
        link.close();
      }
    });

    test("nobody there, no such host and no such port are `unreachable`, by onError and never by an exception", async () => {
      await fails({ port: await deadPort() }, "unreachable");
      await fails({ host: "no such host" }, "unreachable");
      await fails({ host: "" }, "unreachable");
      for (const port of [-1, 65536, NaN]) await fails({ port }, "unreachable");
    });

    test("before it is connected, nothing can be read or written", () => {
      const link = open();
      assert.equal(link.readOnce(10), 0);
      expectKind("no-space", () => link.write(Buffer.from("x")));
      link.close();
    });

    test("every byte arrives in order, whatever the reader's buffer", async () => {
      const random = new SeededRandom();
      for (const pieceLength of [1, 100, 4096, 70_000]) {
        const sent = Buffer.from(random.bytes(pieceLength === 1 ? 5000 : 120_000));
        const { link, peer } = await connect();
        link.pieceLength = pieceLength;
        void peer.send(sent);
        await until("all", () => link.bytes.byteLength >= sent.byteLength);
        assert.ok(link.bytes.equals(sent), REPEAT);
        link.close();
      }
    });

    test("read gives at most what fits, and 0 if nothing is left", async () => {
      const { link, peer } = await connect();
      link.pieceLength = 0;
      await peer.send(Buffer.from("hello"));
      await until("bytes", () => link.events.includes("readable"));
      assert.equal(link.readOnce(0), 0);
      assert.equal(link.readOnce(3), 3);
      assert.equal(link.readOnce(100), 2);
      assert.equal(link.readOnce(100), 0);
      assert.equal(link.bytes.toString(), "hello");
    });

    test("bytes that are left unread are not announced again; once they are read, the next ones are", async () => {
      const { link, peer } = await connect();
      link.pieceLength = 0;
      await peer.send(Buffer.from("hello"));
      await until("bytes", () => link.events.includes("readable"));
      await settle();
      assert.equal(link.events.filter((event) => event === "readable").length, 1);
      await peer.send(Buffer.from(" you"));
      await settle();
      link.pieceLength = 4096;
      link.drain();
      await until("all", () => link.bytes.toString() === "hello you");
    });

    test("a reader that takes a little at a time, in turns of its own, gets all that comes", async () => {
      const sent = Buffer.from(new SeededRandom().bytes(150_000));
      const { link, peer } = await connect();
      link.pieceLength = 0;
      // biome-ignore lint/correctness/noUnusedVariables: `??=` reads it.
      let turn: NodeJS.Immediate | undefined;
      const step = (): void => {
        turn = link.readOnce(1000) > 0 ? setImmediate(step) : undefined;
      };
      link.onEvent = (event) => {
        if (event === "readable") turn ??= setImmediate(step);
      };
      void peer.send(sent);
      await until("all", () => link.bytes.byteLength >= sent.byteLength);
      assert.ok(link.bytes.equals(sent), REPEAT);
    });

    test("if nothing is read, the peer must wait, and nothing is lost", async () => {
      const { link, peer } = await connect();
      link.pieceLength = 0;
      const length = 16 * 1024 * 1024;
      let taken = false;
      void peer.send(new Uint8Array(length)).then(() => (taken = true));
      await until("bytes", () => link.events.includes("readable"));
      for (let count = 0; count < 20; count++) await settle();
      assert.equal(taken, false, "the peer was not held back");
      link.pieceLength = 65536;
      link.drain();
      await until("all", () => link.bytes.byteLength === length);
    });

    test("write queues all of the bytes, whose buffer may be reused at once, and returns how many more it takes", async () => {
      const { link, peer } = await connect();
      const buffer = Buffer.from("first");
      const room = link.room;
      link.write(buffer);
      buffer.write("other");
      assert.ok(link.room >= 0 && link.room <= room - 5);
      link.write(buffer);
      await until("both", () => peer.received.byteLength === 10);
      assert.equal(peer.received.toString(), "firstother");
    });

    test("more than the announced room is `no-space`, and none of it is sent", async () => {
      const { link, peer } = await connect();
      expectKind("no-space", () => link.write(new Uint8Array(link.room + 1)));
      const { room } = link;
      link.write(new Uint8Array(room).fill(7));
      expectKind("no-space", () => link.write(new Uint8Array(link.room + 1)));
      await until("room again", () => link.room >= room);
      link.write(Buffer.from("end"));
      await until("all", () => peer.received.byteLength >= room + 3);
      assert.ok(peer.received.equals(Buffer.concat([Buffer.alloc(room, 7), Buffer.from("end")])));
    });

    test("all that fits in the last announced room is taken", async () => {
      const random = new SeededRandom();
      const sent = Buffer.from(random.bytes(150_000));
      const { link, peer } = await connect();
      let at = 0;
      const pump = (): void => {
        while (link.room > 0 && at < sent.byteLength) {
          const piece = sent.subarray(at, at + Math.min(link.room, random.integer(1, 3000)));
          at += piece.byteLength;
          link.write(piece);
        }
      };
      link.onEvent = pump;
      pump();
      await until("all", () => peer.received.byteLength === sent.byteLength);
      assert.ok(peer.received.equals(sent), REPEAT);
    });

    test("a close by the peer is `closed`, once, and nothing comes after it", async () => {
      const { link, peer } = await connect();
      peer.socket.end();
      await until("error", () => link.error !== undefined);
      await settle();
      assert.deepEqual(link.events, ["writable", "error closed"]);
      assert.equal(link.readOnce(1), 0);
      expectKind("no-space", () => link.write(Buffer.from("x")));
      link.close();
      await settle();
      assert.equal(link.events.length, 2);
    });

    test("bytes that came before a close by the peer can all be read before the close is reported", async () => {
      const { link, peer } = await connect();
      link.pieceLength = 0;
      await peer.send(Buffer.alloc(3000, 5));
      peer.socket.end();
      await until("bytes", () => link.events.includes("readable"));
      await settle();
      assert.ok(!link.events.includes("error closed"), "told before all was read");
      while (link.readOnce(1000) > 0) await settle();
      assert.equal(link.bytes.byteLength, 3000);
      await until("error", () => link.events.includes("error closed"));
    });

    test("a peer that sends much and closes at once is read to its last byte", async () => {
      const sent = Buffer.from(new SeededRandom().bytes(100_000));
      const { link, peer } = await connect();
      link.pieceLength = 1000;
      peer.socket.end(sent);
      await until("error", () => link.error !== undefined);
      assert.ok(link.bytes.equals(sent), `${link.bytes.byteLength} of ${sent.byteLength} bytes; ${REPEAT}`);
      assert.equal(link.events.at(-1), "error closed");
    });

    test("a peer that goes away while bytes are on their way to it is an error, once", async () => {
      const { link, peer } = await connect();
      link.write(new Uint8Array(link.room));
      peer.socket.destroy();
      await until("error", () => link.error !== undefined);
      await settle();
      assert.equal(link.events.filter((event) => event.startsWith("error")).length, 1);
      link.close();
      await settle();
    });

    test("nothing is called after close, in whatever state", async () => {
      const early = open();
      early.close();
      const { link, peer } = await connect();
      link.pieceLength = 0;
      await peer.send(Buffer.from("unread"));
      await until("bytes", () => link.events.includes("readable"));
      link.close();
      link.close();
      const before = link.events.length;
      assert.equal(link.readOnce(10), 0);
      expectKind("no-space", () => link.write(Buffer.from("x")));
      peer.socket.end("more");
      await settle();
      assert.equal(link.events.length, before);
      assert.deepEqual(early.events, []);
    });

    test("after a close from inside a callback nothing more is called", async () => {
      for (const when of ["writable", "readable"]) {
        const index = server.peers.length;
        const link = open();
        link.onEvent = (event) => {
          if (event === when) link.close();
        };
        const peer = await server.peer(index);
        void peer.send(Buffer.from("hello"));
        await until("close", () => peer.ended || peer.closed);
        await settle();
        assert.equal(link.events.at(-1), when);
      }
    });

    test("close frees the connection and sends what was written before it", async () => {
      const { link, peer } = await connect();
      link.write(Buffer.alloc(3000, 1));
      link.close();
      await until("close", () => peer.ended || peer.closed);
      assert.equal(peer.received.byteLength, 3000);
    });

    test("a name that is never resolved is a `timeout`, not before its time", () => {
      const clock = new VirtualClock();
      const link = open({ host: "slow.example", timeoutMs: 5000 }, fixture.onClock(clock, true));
      clock.advance(4999);
      assert.deepEqual(link.events, []);
      clock.advance(1);
      assert.deepEqual(link.events, ["error timeout"]);
      clock.advance(100_000);
      assert.equal(link.events.length, 1);
    });

    test("once connected, or closed, no timeout comes", async () => {
      const clock = new VirtualClock();
      const connector = fixture.onClock(clock, false);
      const link = open({}, connector);
      await until("connection", () => link.connected);
      const closed = open({}, connector);
      closed.close();
      clock.advance(1_000_000);
      assert.deepEqual(link.events, ["writable"]);
      assert.deepEqual(closed.events, []);
      assert.deepEqual(clock.names(), []);
      link.close();
    });

    test("two connections do not affect each other", async () => {
      const one = await connect();
      const two = await connect();
      await one.peer.send(Buffer.from("one"));
      await two.peer.send(Buffer.from("two"));
      await until("bytes", () => one.link.bytes.byteLength === 3 && two.link.bytes.byteLength === 3);
      one.link.close();
      two.link.write(Buffer.from("still"));
      await until("bytes", () => two.peer.received.byteLength === 5);
      assert.deepEqual([one.link.bytes.toString(), two.link.bytes.toString()], ["one", "two"]);
    });
  });
}
