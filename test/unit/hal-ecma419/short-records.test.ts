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
import { Link } from "../../support/link.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const CERTIFICATE_REFUSED = "TLSError: certificate: auth err";
/** What the SDK throws if a message of the handshake goes on in the next record. */
const CUT_UP = "";

/** Connections whose handshakes the test decides. */
class TestBed {
  readonly clock = new VirtualClock();
  /** Most bytes of a record that each connection asked for. */
  readonly asked: (number | undefined)[] = [];
  readonly connector: Ecma419Connector;
  open = 0;
  last: SocketOptions | undefined;
  /** What the next byte of the server makes the SDK's TLS throw. */
  thrown: string | undefined;

  constructor() {
    const bed = this;
    class Tcp implements SocketInstance {
      constructor(options: SocketOptions) {
        bed.open++;
        bed.last = options;
      }
      read(): void {}
      write(): void {}
      close(): void {
        bed.open--;
      }
    }
    class Tls implements SocketInstance {
      readonly #tcp: SocketInstance;
      constructor(options: TlsSocketOptions) {
        bed.asked.push(options.secure.tls_max_fragment_length);
        this.#tcp = new options.TCP.io({
          ...options,
          onReadable: () => {
            if (bed.thrown !== undefined) throw new Error(bed.thrown);
            options.onWritable?.(100);
          },
          onWritable: () => {},
        });
      }
      read(): void {}
      write(): void {}
      close(): void {
        this.#tcp.close();
      }
    }
    this.clock.unix = 1_800_000_000;
    this.connector = new Ecma419Connector({
      TCP: Tcp as TcpConstructor,
      TLS: Tls as TlsConstructor,
      platform: {
        resolve: (host, callback) => callback(host, "10.0.0.1"),
      } as Partial<PlatformModule> as PlatformModule,
      clock: this.clock,
    });
  }

  connect(host: string, maxFragmentLength: number | undefined = 4096): Link {
    return new Link(this.connector, { host, port: 443, tls: {}, maxFragmentLength });
  }

  /** The server answers the handshake. */
  answer(thrown?: string): void {
    this.thrown = thrown;
    this.last?.onReadable?.(1);
  }
}

test("the SDK's TLS is handed the length that the caller asks for, and none if it asks for none", () => {
  const bed = new TestBed();
  bed.connect("a.test");
  bed.connect("b.test", 512);
  new Link(bed.connector, { host: "c.test", port: 443, tls: {} });
  assert.deepEqual(bed.asked, [4096, 512, undefined]);
});

test("if the handshake fails, one more is tried without the request, and later ones with that server begin without it", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.answer(CUT_UP);
  assert.deepEqual([link.events, bed.open, bed.asked], [[], 0, [4096]], "not on top of the callback that failed");
  bed.clock.advance(0);
  bed.answer();
  assert.deepEqual([link.connected, bed.open, bed.asked], [true, 1, [4096, undefined]]);
  bed.connect("a.test");
  bed.connect("b.test");
  assert.deepEqual(bed.asked.slice(2), [undefined, 4096]);
});

test("a server that ends the connection in the handshake is tried once more too, one that does not accept it is not", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.last?.onWritable?.(100);
  bed.last?.onError?.();
  bed.clock.advance(0);
  assert.deepEqual([link.events, bed.open, bed.asked], [[], 1, [4096, undefined]]);
  bed.last?.onWritable?.(100);
  bed.last?.onError?.();
  bed.clock.advance(0);
  assert.deepEqual([link.events, bed.open, bed.asked.length], [["error unreachable"], 0, 2]);
  const refused = bed.connect("b.test");
  bed.last?.onError?.();
  bed.clock.advance(0);
  assert.deepEqual([refused.events, bed.open, bed.asked.length], [["error unreachable"], 0, 3]);
});

test("if it fails without the request too, that is an error, and the next connection asks again", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.answer(CUT_UP);
  bed.clock.advance(0);
  bed.answer(CUT_UP);
  bed.clock.advance(0);
  assert.deepEqual([link.events, bed.open, bed.asked.length], [["error unreachable"], 0, 2]);
  bed.connect("a.test");
  assert.equal(bed.asked[2], 4096);
});

test("a certificate that was judged is not asked for again", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.answer(CERTIFICATE_REFUSED);
  bed.clock.advance(0);
  assert.deepEqual([link.events, bed.open, bed.asked], [["error untrusted"], 0, [4096]]);
});

test("a connection that is closed between the two handshakes stays closed", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.answer(CUT_UP);
  link.close();
  bed.clock.advance(0);
  assert.deepEqual([link.events, bed.open, bed.asked], [[], 0, [4096]]);
});

test("both handshakes together have the time that one has", () => {
  const bed = new TestBed();
  const link = bed.connect("a.test");
  bed.clock.advance(6_000);
  bed.answer(CUT_UP);
  bed.clock.advance(0);
  bed.clock.advance(4_000);
  assert.deepEqual([link.events, bed.open], [["error timeout"], 0]);
});
