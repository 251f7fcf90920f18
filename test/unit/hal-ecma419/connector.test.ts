import assert from "node:assert/strict";
import { test } from "node:test";
import { Ecma419Connector } from "../../../hal/ecma419/connector.js";
import type {
  PlatformModule,
  SocketInstance,
  SocketOptions,
  TcpConstructor,
  TlsConstructor,
  TlsSocketOptions,
} from "../../../hal/ecma419/modules.js";
import type { ByteStream } from "../../../hal/ports/index.js";
import { VirtualClock } from "../../support/virtual-clock.js";

/** A socket of the SDK whose callbacks the test calls. */
class StubSocket implements SocketInstance {
  static last: StubSocket | undefined;
  readonly options: SocketOptions;
  readonly writes: number[] = [];
  /** Thrown by `write`, as by the SDK's if there is too little room. */
  thrown: Error | undefined;
  closed = 0;

  constructor(options: SocketOptions) {
    this.options = options;
    StubSocket.last = this;
  }

  read(buffer: Uint8Array): unknown {
    return buffer.fill(7).byteLength;
  }

  write(buffer: Uint8Array): unknown {
    if (this.thrown !== undefined) throw this.thrown;
    this.writes.push(buffer.byteLength);
    return undefined;
  }

  close(): void {
    this.closed++;
  }
}

/** A socket that throws as lwIP's does without a network. */
class Unconnectable extends StubSocket {
  constructor(options: SocketOptions) {
    super(options);
    throw new Error("no network");
  }
}

/** The SDK's TLS: JavaScript over the TCP it is handed, which it constructs with all of its own options. */
class StubTls extends StubSocket {
  readonly tcp: StubSocket;

  constructor(options: TlsSocketOptions) {
    super(options);
    this.tcp = new options.TCP.io({
      ...options,
      onReadable: () => {
        throw new Error("auth err");
      },
    }) as StubSocket;
    StubSocket.last = this;
  }
}

class TestBed {
  readonly clock = new VirtualClock();
  readonly events: string[] = [];
  readonly stream: ByteStream;
  resolved: ((address: string | undefined) => void) | undefined;

  constructor(options: { tls?: boolean; TCP?: TcpConstructor; TLS?: TlsConstructor } = {}) {
    StubSocket.last = undefined;
    const platform = {
      resolve: (host: string, callback: (host: string, address: string | undefined) => void) => {
        this.resolved = (address) => callback(host, address);
      },
    } as Partial<PlatformModule> as PlatformModule;
    const connector = new Ecma419Connector({
      TCP: options.TCP ?? StubSocket,
      TLS: options.TLS ?? StubTls,
      platform,
      clock: this.clock,
    });
    this.stream = connector.connect({
      host: "h.test",
      port: 443,
      tls: options.tls === true ? {} : undefined,
      timeoutMs: 5000,
      onReadable: () => this.events.push("readable"),
      onWritable: (count) => this.events.push(`writable ${count}`),
      onError: ({ kind, message }) => this.events.push(`${kind}: ${message}`),
    });
  }

  get socket(): StubSocket {
    return StubSocket.last as StubSocket;
  }

  static connected(tls = false): TestBed {
    const bed = new TestBed({ tls });
    bed.resolved?.("10.0.0.1");
    bed.socket.options.onWritable?.(8192);
    bed.events.length = 0;
    return bed;
  }
}

test("the connection goes to the first address of the name", () => {
  const bed = new TestBed();
  assert.equal(StubSocket.last, undefined);
  bed.resolved?.("10.0.0.1");
  assert.equal(bed.socket.options.address, "10.0.0.1");
  assert.equal(bed.socket.options.port, 443);
});

// The SDK's TLS reports the end of the connection as soon as it knows, with records still to be read.
test("an end that the socket reports before the last byte was read is reported after it, in a turn of its own", () => {
  const bed = TestBed.connected(true);
  bed.socket.options.onReadable?.(10);
  bed.socket.options.onError?.();
  assert.deepEqual(bed.events, ["readable"]);
  assert.equal(bed.stream.read(new Uint8Array(6), 0, 6), 6);
  assert.equal(bed.stream.read(new Uint8Array(6), 0, 6), 4);
  assert.deepEqual(bed.events, ["readable"]);
  bed.clock.advance(0);
  assert.deepEqual(bed.events, ["readable", "closed: connection to h.test closed"]);
  assert.equal(bed.stream.read(new Uint8Array(6), 0, 6), 0);
});

test("an end that waits for a reader is not reported after close", () => {
  const bed = TestBed.connected();
  bed.socket.options.onReadable?.(10);
  bed.socket.options.onError?.();
  bed.stream.read(new Uint8Array(10), 0, 10);
  bed.stream.close();
  bed.clock.advance(10_000);
  assert.deepEqual(bed.events, ["readable"]);
  assert.deepEqual(bed.clock.names(), []);
});

test("what TLS throws inside a callback of its TCP becomes an error and goes no further", () => {
  const bed = new TestBed({ tls: true });
  bed.resolved?.("10.0.0.1");
  const { tcp } = bed.socket as StubTls;
  tcp.options.onReadable?.(100);
  assert.deepEqual(bed.events, ["untrusted: TLS handshake with h.test failed (no authority is set): auth err"]);
  tcp.options.onReadable?.(100);
  assert.equal(bed.events.length, 1);
  assert.ok(bed.socket.closed > 0);
});

test("what TLS throws once it is connected is `io`", () => {
  const bed = TestBed.connected(true);
  (bed.socket as StubTls).tcp.options.onReadable?.(100);
  assert.deepEqual(bed.events, ["io: TLS with h.test broke: auth err"]);
});

test("a TLS that cannot be constructed leaves no TCP open", () => {
  let tcp: StubSocket | undefined;
  class FailingTls extends StubTls {
    constructor(options: TlsSocketOptions) {
      super(options);
      ({ tcp } = this);
      throw new Error("bad certificate");
    }
  }
  const bed = new TestBed({ tls: true, TLS: FailingTls });
  bed.resolved?.("10.0.0.1");
  assert.deepEqual(bed.events, ["untrusted: TLS with h.test (no authority is set): bad certificate"]);
  assert.equal(tcp?.closed, 1);
});

test("a TCP that cannot be constructed, as there is no network, is `unreachable` with TLS as without", () => {
  for (const tls of [false, true]) {
    const bed = new TestBed({ tls, TCP: Unconnectable });
    bed.resolved?.("10.0.0.1");
    assert.deepEqual(bed.events, ["unreachable: h.test:443: no network"]);
  }
});

test("room for a record around the bytes is kept back if there is TLS", () => {
  const plain = TestBed.connected();
  assert.equal(plain.stream.write(new Uint8Array(100)), 8092);
  const tls = TestBed.connected(true);
  assert.ok(tls.stream.write(new Uint8Array(100)) < 8092);
});

test("a write that the socket refuses all the same is `no-space`", () => {
  const bed = TestBed.connected();
  assert.throws(() => bed.stream.write(new Uint8Array(8193)), { kind: "no-space" });
  bed.socket.thrown = new Error("would block");
  assert.throws(() => bed.stream.write(new Uint8Array(1)), { kind: "no-space" });
});

test("the wait for name, connection and handshake together is bounded", () => {
  for (const resolve of [false, true]) {
    const bed = new TestBed();
    if (resolve) bed.resolved?.("10.0.0.1");
    bed.clock.advance(4999);
    assert.deepEqual(bed.events, []);
    bed.clock.advance(1);
    assert.deepEqual(bed.events, ["timeout: no connection to h.test within 5000 ms"]);
    bed.resolved?.("10.0.0.1");
    assert.equal(bed.events.length, 1);
  }
});
