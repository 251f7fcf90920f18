import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANSWER,
  CALL,
  COMMAND,
  encodeMessage,
  type Field,
  MessageReader,
} from "../../../hal/boards/xs/guest/messages.js";
import { HostModules } from "../../../hal/boards/xs/host-modules.js";
import type { BoardModules, SocketInstance, SocketOptions, TlsSocketOptions } from "../../../hal/ecma419/modules.js";

const ID = 5;

/**
 * The modules of a board whose sockets and timers the test plays; their messages wait until `deliver`, unless `idle`.
 */
class HostTestBed {
  readonly posted: (() => Uint8Array | undefined)[] = [];
  /** The engine takes each message at once. */
  idle = false;
  readonly delivered: unknown[][] = [];
  readonly cleared: unknown[] = [];
  readonly received: number[] = [];
  tcp: SocketOptions | undefined;
  tls: TlsSocketOptions | undefined;
  room: number | undefined = 100;
  closed = 0;
  fire: () => void = () => {};
  readonly #host: HostModules;

  constructor() {
    const bed = this;
    class Socket implements SocketInstance {
      read = (buffer: Uint8Array): void => void bed.received.push(buffer.fill(7).byteLength);
      write = (): number | undefined => bed.room;
      close = (): void => void bed.closed++;
    }
    const modules: Partial<BoardModules> = {
      TCP: class extends Socket {
        constructor(options: SocketOptions) {
          super();
          if (options.port === 0) throw new RangeError("invalid port");
          bed.tcp = options;
        }
      },
      TLS: class extends Socket {
        constructor(options: TlsSocketOptions) {
          super();
          bed.tls = options;
          new options.TCP.io({ ...options, onReadable: () => assert.fail("self-signed") });
          if (options.host === "refused") throw new Error("bad certificate");
        }
      },
      Timer: {
        set: (callback) => {
          bed.fire = callback;
          return "timer";
        },
        clear: (timer) => void bed.cleared.push(timer),
      },
      platform: {
        boot: { imageVersion: (slot: string) => (slot === "ota_0" ? "1.0" : undefined) },
      } as BoardModules["platform"],
    };
    const post = (message: () => Uint8Array | undefined): void => {
      this.posted.push(message);
      if (this.idle) this.delivered.push(...this.deliver());
    };
    this.#host = new HostModules({ modules: modules as BoardModules, post });
  }

  call(code: number, ...fields: Field[]): MessageReader {
    const answer = new MessageReader(this.#host.answer(encodeMessage(code, ...fields)));
    if (answer.code === ANSWER.thrown) throw new Error(answer.text());
    return answer;
  }

  openTcp(): SocketOptions {
    this.call(CALL.tcpOpen, ID, "10.0.0.1", 80, 1);
    return this.tcp as SocketOptions;
  }

  /** The messages that the engine would get now: name, then numbers and texts after the id. */
  deliver(): unknown[][] {
    return this.posted.splice(0).flatMap((make) => {
      const message = make();
      if (message === undefined) return [];
      const reader = new MessageReader(message);
      const name = Object.entries(COMMAND).find(([, code]) => code === reader.code)?.[0];
      assert.equal(reader.number(), ID);
      return [reader.ended ? [name] : [name, reader.code === COMMAND.threw ? reader.text() : reader.number()]];
    });
  }
}

test("an exception of a module reaches the engine with its message, and so does an unknown call", () => {
  const bed = new HostTestBed();
  assert.throws(() => bed.call(CALL.tcpOpen, ID, "10.0.0.1", 0, 0), { message: "invalid port" });
  assert.throws(() => bed.call(200), { message: "no call 200" });
  assert.throws(() => bed.call(CALL.socketRead, ID, 1), { message: "closed" });
  assert.throws(() => bed.call(CALL.timerSet), { message: "message ends within a field" });
});

test("a missing result is not confused with an empty one", () => {
  const bed = new HostTestBed();
  assert.equal(bed.call(CALL.imageVersion, "ota_0").text(), "1.0");
  assert.equal(bed.call(CALL.imageVersion, "ota_1").ended, true);
});

test("the engine gets one message for bytes that came in several pieces, and for those that are left", () => {
  const bed = new HostTestBed();
  const { onReadable } = bed.openTcp();
  onReadable?.(10);
  onReadable?.(30);
  bed.call(CALL.socketRead, ID, 20);
  assert.deepEqual(bed.deliver(), [["readable", 10]]);
  onReadable?.(15);
  assert.deepEqual(bed.deliver(), [["readable", 15]]);
});

test("an engine that is idle gets each message at once", () => {
  const bed = new HostTestBed();
  bed.idle = true;
  const { onReadable, onWritable } = bed.openTcp();
  for (const count of [1, 2]) {
    onWritable?.(count);
    onReadable?.(count);
  }
  assert.deepEqual(bed.delivered, [
    ["writable", 1],
    ["readable", 1],
    ["writable", 2],
    ["readable", 2],
  ]);
});

test("bytes that were read before their announcement are not announced", () => {
  const bed = new HostTestBed();
  const { onReadable, onError } = bed.openTcp();
  onReadable?.(10);
  onError?.();
  bed.call(CALL.socketRead, ID, 10);
  assert.deepEqual(bed.deliver(), [["ended"]]);
});

test("the announced room is what the writes until then have left", () => {
  const bed = new HostTestBed();
  const { onWritable } = bed.openTcp();
  onWritable?.(8000);
  bed.room = 300;
  assert.equal(bed.call(CALL.socketWrite, ID, new Uint8Array(50)).number(), 300);
  assert.deepEqual(bed.deliver(), [["writable", 300]]);
});

test("a TLS socket announces no room after a write: the bytes that a record adds are subtracted", () => {
  const bed = new HostTestBed();
  const none = new Uint8Array(0);
  bed.call(CALL.tlsOpen, ID, "10.0.0.1", 443, 1, "host", none, none, none);
  bed.tls?.onWritable?.(1000);
  bed.room = undefined;
  assert.equal(bed.call(CALL.socketWrite, ID, new Uint8Array(100)).ended, true);
  assert.deepEqual(bed.deliver(), [["writable", 1000 - 100 - 96]]);
});

test("a socket that was closed meanwhile sends no message", () => {
  const bed = new HostTestBed();
  const { onReadable, onWritable, onError } = bed.openTcp();
  onReadable?.(10);
  onWritable?.(10);
  onError?.();
  bed.call(CALL.socketClose, ID);
  assert.deepEqual(bed.deliver(), []);
  assert.equal(bed.closed, 1);
  assert.throws(() => bed.call(CALL.socketRead, ID, 1), { message: "closed" });
});

test("what TLS throws inside a callback of its TCP goes to the engine", () => {
  const bed = new HostTestBed();
  bed.call(CALL.tlsOpen, ID, "10.0.0.1", 443, 1, "host", Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3));
  assert.deepEqual(bed.tls?.secure, {
    certificate: Uint8Array.of(1),
    clientKey: Uint8Array.of(2),
    clientCertificates: [Uint8Array.of(3)],
  });
  bed.tcp?.onReadable?.(0);
  assert.deepEqual(bed.deliver(), [["threw", "self-signed"]]);
});

test("a TLS that cannot be made leaves no TCP open", () => {
  const bed = new HostTestBed();
  const none = new Uint8Array(0);
  const open = (): unknown => bed.call(CALL.tlsOpen, ID, "10.0.0.1", 443, 1, "refused", none, none, none);
  assert.throws(open, { message: "bad certificate" });
  assert.equal(bed.closed, 1);
  assert.equal("certificate" in (bed.tls?.secure ?? {}), false);
});

test("timers are identified by the engine's id", () => {
  const bed = new HostTestBed();
  bed.call(CALL.timerSet, ID, 10);
  bed.fire();
  bed.call(CALL.timerClear, ID);
  assert.deepEqual(bed.deliver(), [["timerFired"]]);
  assert.deepEqual(bed.cleared, [], "one that has fired is not the board's any more");
  bed.call(CALL.timerSet, ID, 10);
  bed.call(CALL.timerClear, ID);
  assert.deepEqual(bed.cleared, ["timer"]);
});
