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
import type { ByteStream, TlsOptions } from "../../../hal/ports/index.js";
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
  static failure = "certificate: auth err";
  readonly tcp: StubSocket;

  constructor(options: TlsSocketOptions) {
    super(options);
    this.tcp = new options.TCP.io({
      ...options,
      onReadable: () => {
        throw new Error(StubTls.failure);
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

  constructor(options: { tls?: boolean | TlsOptions; TCP?: TcpConstructor; TLS?: TlsConstructor } = {}) {
    StubSocket.last = undefined;
    const platform = {
      resolve: (host, callback) => {
        this.resolved = (address) => callback(host, address);
      },
    } as Partial<PlatformModule> as PlatformModule;
    this.clock.unix = 1_800_000_000;
    const connector = new Ecma419Connector({
      TCP: options.TCP ?? StubSocket,
      TLS: options.TLS ?? StubTls,
      platform,
      clock: this.clock,
    });
    this.stream = connector.connect({
      host: "h.test",
      port: 443,
      tls: options.tls === true ? {} : options.tls || undefined,
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
  assert.deepEqual(bed.events, ["untrusted: TLS with h.test failed (no authority is set): certificate: auth err"]);
  tcp.options.onReadable?.(100);
  assert.equal(bed.events.length, 1);
  assert.ok(bed.socket.closed > 0);
});

test("what TLS throws once it is connected is `io`", () => {
  const bed = TestBed.connected(true);
  (bed.socket as StubTls).tcp.options.onReadable?.(100);
  assert.deepEqual(bed.events, ["io: TLS with h.test broke: certificate: auth err"]);
});

/** What a handshake that throws this text becomes. */
function refusalBy(failure: string, hasTime = true): string[] {
  const bed = new TestBed({ tls: { authority: Uint8Array.of(1) } });
  if (!hasTime) bed.clock.unix = undefined;
  bed.resolved?.("10.0.0.1");
  StubTls.failure = failure;
  (bed.socket as StubTls).tcp.options.onReadable?.(100);
  StubTls.failure = "certificate: auth err";
  return bed.events;
}

test("only a certificate that was judged is `untrusted`, in the words of the SDK", () => {
  const judged = [
    "certificate: auth err",
    "certificate: auth err (CERT_HAS_EXPIRED)",
    "certificateVerify: unimplemented",
    "Cert: unsupported algorithm: 1,2,3",
    "x509: malformed input",
    "BER: not a sequence",
    "invalid buffer",
    ...[42, 43, 44, 45, 46, 48, 49].map((description) => `alert: 2, ${description}`),
  ];
  for (const text of judged) assert.deepEqual(refusalBy(text), [`untrusted: TLS with h.test failed: ${text}`]);
  const passing = [
    ...[10, 20, 40, 47, 50, 70, 80, 90, 112].map((description) => `alert: 2, ${description}`),
    "handshake: unsuppoorted cipher",
    "handshake: unknown type: 72",
    "recordProtocol: bad data",
    "recordProtocol auth failed",
    "serverKeyExchange: failed to verify signature",
    "finished: auth err",
    "crypt: out of memory (hmac context)",
    "wrong version number",
    "",
  ];
  for (const text of passing) assert.deepEqual(refusalBy(text), [`unreachable: TLS with h.test failed: ${text}`]);
});

test("a clock that may be behind is named; without one, no certificate is judged for good", () => {
  for (const text of ["date validation failed", "date validation failed (CERT_NOT_YET_VALID)"]) {
    assert.deepEqual(refusalBy(text), [`untrusted: TLS with h.test failed (clock behind?): ${text}`]);
  }
  assert.deepEqual(refusalBy("certificate: auth err", false), [
    "unreachable: TLS with h.test failed (clock behind?): certificate: auth err",
  ]);
  assert.deepEqual(refusalBy("alert: 2, 80", false), ["unreachable: TLS with h.test failed: alert: 2, 80"]);
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
  assert.deepEqual(bed.events, ["untrusted: TLS with h.test failed (no authority is set): bad certificate"]);
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
