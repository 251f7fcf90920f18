import assert from "node:assert/strict";
import { test } from "node:test";
import { boundMs, flashMs, networkMs, scheduleBoundMs } from "../../../bench/bounds.js";
import { createIdealTcp } from "../../../bench/model/ideal-tcp.js";
import { TimedLink } from "../../../bench/model/link.js";
import { type LinkSettings, SDK_C3, SHIPPED } from "../../../bench/model/link-settings.js";
import { eraseMs, FLASH, INSTANT_FLASH, type Link, profileOf, programMs } from "../../../bench/model/profiles.js";
import { Radio } from "../../../bench/model/radio.js";
import { TimedRun } from "../../../bench/model/run.js";
import { createTimedTcp } from "../../../bench/model/tcp.js";
import { createTimedTls, recordLength, withRecords } from "../../../bench/model/tls.js";
import { Trace } from "../../../bench/model/trace.js";
import type { SocketInstance, SocketOptions, TcpConstructor } from "../../../hal/ecma419/modules.js";
import { Scheduler } from "../../support/scheduler.js";
import type { Line, Servers } from "../../support/virtual-network.js";

const MIB = 0x100000;
/** One byte a millisecond would be 8,000 bits a second. */
const LINK: Link = { bitsPerSecond: 8_000_000, roundTripMs: 10, lossEvery: undefined };
const { mss: MSS, windowBytes: WINDOW } = SHIPPED;

interface WireOptions {
  readonly link?: Link;
  readonly byteLength?: number;
  readonly drains?: boolean;
  readonly settings?: LinkSettings;
  readonly ideal?: boolean;
  readonly fragmentLength?: number;
}

/** A server that sends a file on each connection, and a socket on the board. */
class Wire {
  readonly scheduler = new Scheduler();
  readonly trace = new Trace();
  readonly socket: SocketInstance;
  readonly TCP: TcpConstructor;
  readonly radio: Radio;
  readonly heard: { readonly atMs: number; readonly byteLength: number }[] = [];
  line: Line | undefined;
  connectedMs: number | undefined;
  readable = 0;
  endedMs: number | undefined;

  constructor(options: WireOptions) {
    const { scheduler } = this;
    const { settings = SHIPPED, fragmentLength } = options;
    const link = new TimedLink({ scheduler, link: options.link ?? LINK, segmentLength: settings.mss });
    this.radio = new Radio(settings);
    const servers: Servers = {
      accept: (_port, line) => {
        this.line = line;
        return { receive: (bytes) => void this.heard.push({ atMs: scheduler.now, byteLength: bytes.byteLength }) };
      },
    };
    const tcp = {
      scheduler,
      link,
      settings,
      radio: this.radio,
      trace: this.trace,
      servers: fragmentLength === undefined ? servers : withRecords(servers, 443, fragmentLength),
    };
    this.TCP = options.ideal === true ? createIdealTcp(tcp) : createTimedTcp(tcp);
    const callbacks: SocketOptions = {
      address: "10.0.0.1",
      port: 443,
      onWritable: () => (this.connectedMs ??= scheduler.now),
      onReadable: (count) => {
        this.readable = count;
        if (options.drains === true) this.read(count);
      },
      onError: () => (this.endedMs = scheduler.now),
    };
    const TLS = createTimedTls({ scheduler, roundTripMs: link.roundTripMs, records: true, trace: this.trace });
    const secured = { ...callbacks, host: "h.test", secure: {}, TCP: { io: this.TCP } };
    this.socket = fragmentLength === undefined ? new this.TCP(callbacks) : new TLS(secured);
    this.line?.send(new Uint8Array(options.byteLength ?? 0));
  }

  read(count: number): void {
    this.socket.read(new Uint8Array(count));
    this.readable -= count;
  }

  run(untilMs = Infinity): void {
    let done = false;
    if (untilMs < Infinity) this.scheduler.set(() => (done = true), untilMs - this.scheduler.now);
    while (!done && this.scheduler.turn()) continue;
  }

  /** The flash is busy. */
  block(ms: number): void {
    this.radio.stop();
    this.scheduler.block(ms);
    this.radio.resume();
  }

  get received(): number {
    return this.trace.wire
      .filter(({ direction }) => direction === "in")
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}

test("a connection takes a round trip; a byte takes half of one and its time on the line", () => {
  const wire = new Wire({ byteLength: 1000, drains: true });
  wire.run();
  assert.equal(wire.connectedMs, LINK.roundTripMs);
  assert.deepEqual(wire.trace.wire, [{ atMs: 1 + 5, port: 443, direction: "in", byteLength: 1000 }]);
  wire.socket.write(new Uint8Array(2000));
  wire.run();
  assert.deepEqual(wire.heard, [{ atMs: wire.scheduler.now - 5, byteLength: 2000 }]);
});

test("what nobody reads fills the window, and no byte more comes until a quarter of it is free, in whole segments", () => {
  const wire = new Wire({ byteLength: 100_000 });
  wire.run();
  assert.equal(wire.received, WINDOW);
  wire.read(3 * MSS - 1);
  wire.run();
  assert.equal(wire.received, WINDOW, "the third segment is not read to its end");
  wire.read(1);
  wire.run();
  assert.equal(wire.received, WINDOW + 3 * MSS);
});

test("a smaller window opens by a segment at a time", () => {
  const wire = new Wire({ byteLength: 100_000, settings: SDK_C3 });
  wire.run();
  assert.equal(wire.received, SDK_C3.windowBytes);
  wire.read(MSS);
  wire.run();
  assert.equal(wire.received, SDK_C3.windowBytes + MSS);
});

test("while flash is busy the static buffers hold what comes, and nothing is acknowledged", () => {
  const wire = new Wire({ byteLength: 100_000, drains: true });
  wire.run(1);
  wire.block(150);
  assert.equal(wire.readable, 0, "nobody was called");
  assert.deepEqual(
    [wire.received, wire.radio.lost],
    [11 * MSS, 0],
    "the first ten segments, and no more without an answer than one as a probe",
  );
  wire.run();
  assert.equal(wire.received, 100_000);
});

test("what finds no static buffer is lost, and is sent again", () => {
  const settings = { ...SHIPPED, staticBuffers: 5 };
  const wire = new Wire({ byteLength: 100_000, drains: true, settings });
  wire.run(1);
  wire.block(150);
  assert.ok(wire.radio.lost >= 5, `${wire.radio.lost} lost`);
  assert.equal(wire.received, 5 * MSS);
  wire.run();
  assert.equal(wire.received, 100_000);
});

test("the ideal network goes on while the thread is blocked, up to the window, and each byte opens it", () => {
  const wire = new Wire({ byteLength: 100_000, ideal: true });
  wire.run(1);
  wire.scheduler.block(1000);
  assert.equal(wire.received, WINDOW);
  assert.equal(wire.readable, 0, "nobody was called");
  wire.run();
  assert.ok(wire.scheduler.latestMs > 900, "and late");
  wire.read(100);
  wire.run();
  assert.equal(wire.received, WINDOW + 100);
});

test("a reader that never waits gets a window in a round trip, or what the line carries; lwIP's steps cost some of it", () => {
  for (const [ideal, most] of [
    [true, 1.03],
    [false, 1.2],
  ] as const) {
    for (const [link, byteLength, ms] of [
      [{ ...LINK, bitsPerSecond: 8_000_000_000, roundTripMs: 100 }, 100 * WINDOW, 10_000],
      [{ ...LINK, roundTripMs: 1 }, 1_000_000, 1_000],
    ] as const) {
      const wire = new Wire({ link, byteLength, drains: true, ideal });
      wire.run();
      assert.equal(wire.received, byteLength);
      const took = wire.trace.wire.at(-1)?.atMs ?? 0;
      assert.ok(took >= 0.98 * ms && took <= most * ms, `${took} ms, not ${ms}`);
    }
  }
});

test("on the ideal network a lost segment comes a round trip later, and delays those behind it", () => {
  const wire = new Wire({ link: { ...LINK, lossEvery: 2 }, byteLength: 4 * MSS, drains: true, ideal: true });
  wire.run();
  assert.deepEqual(
    wire.trace.wire.map(({ atMs }) => Math.round(atMs)),
    [6, 18, 18, 21],
  );
});

test("a lost segment is sent again once three behind it have come, and then all of them are there at once", () => {
  const wire = new Wire({ link: { ...LINK, lossEvery: 6 }, byteLength: 9 * MSS, drains: true });
  wire.run();
  assert.deepEqual(
    wire.trace.wire.map(({ byteLength }) => byteLength),
    [MSS, MSS, MSS, MSS, MSS, 4 * MSS],
  );
  // All nine take their time on the line; the acknowledgement of the ninth, and the segment, take a round trip.
  const lineMs = (MSS * 8000) / LINK.bitsPerSecond;
  const expected = LINK.roundTripMs / 2 + 9 * lineMs + LINK.roundTripMs + lineMs;
  assert.ok(Math.abs((wire.trace.wire[5]?.atMs ?? 0) - expected) < 1e-6);
});

test("the end of a connection is reported once all before it was read", () => {
  const wire = new Wire({ byteLength: 100 });
  wire.line?.end();
  wire.run();
  assert.equal(wire.endedMs, undefined);
  wire.read(100);
  wire.run();
  assert.ok(wire.endedMs !== undefined);
});

test("a TLS handshake takes two round trips more, and each waits for the thread", () => {
  for (const [blockedMs, expected] of [
    [0, 30],
    [25, 45],
  ] as const) {
    const wire = new Wire({});
    let greetedMs = 0;
    const { scheduler, trace } = wire;
    const TLS = createTimedTls({ scheduler, roundTripMs: LINK.roundTripMs, records: false, trace });
    const onWritable = (): void => void (greetedMs = wire.scheduler.now);
    new TLS({ address: "10.0.0.1", port: 443, host: "h.test", secure: {}, TCP: { io: wire.TCP }, onWritable });
    wire.run(0);
    wire.block(blockedMs);
    wire.run();
    assert.equal(greetedMs, expected);
  }
});

test("a TLS record can be read once all of it has come, and the next one only after it was read", () => {
  const wire = new Wire({ byteLength: 40_000, fragmentLength: 16_384 });
  wire.run();
  assert.equal(wire.readable, 16_384);
  assert.equal(wire.trace.recordLength, recordLength(16_384));
  const held = wire.trace.window.at(-1)?.byteLength as number;
  assert.equal(wire.received, recordLength(16_384) + held, "what comes after the record stays in the stack");
  assert.ok(held > 4096);
  wire.read(16_383);
  wire.run();
  assert.equal(wire.readable, 1);
  wire.read(1);
  wire.run();
  assert.equal(wire.readable, 16_384);
});

test("shorter records can be read sooner", () => {
  const firstMs = (fragmentLength: number): number => {
    const wire = new Wire({ byteLength: 40_000, fragmentLength });
    while (wire.readable === 0) wire.scheduler.turn();
    return wire.scheduler.now;
  };
  assert.ok(firstMs(4096) < firstMs(16_384) - 10, "12 KiB take 12 ms on this line");
});

test("what happens outside goes on in its own order while the thread is blocked, and the thread's own callbacks wait", () => {
  const scheduler = new Scheduler();
  const story: string[] = [];
  const note = (name: string) => (): void => void story.push(`${name} ${scheduler.now}`);
  scheduler.set(note("thread"), 5);
  scheduler.setOutside(() => {
    note("outside")();
    scheduler.setOutside(note("its consequence"), 2);
  }, 3);
  scheduler.setOutside(note("later"), 11);
  scheduler.block(10);
  note("unblocked")();
  while (scheduler.turn()) continue;
  assert.deepEqual(story, ["outside 3", "its consequence 5", "unblocked 10", "thread 10", "later 11"]);
  assert.deepEqual([scheduler.latestMs, scheduler.turns], [5, 1]);
});

test("blocks of 64 KiB are erased at once if they are aligned, sectors elsewhere; programs count the pages they touch", () => {
  assert.equal(eraseMs(FLASH, 0x10000, 0x20000), 300);
  assert.equal(eraseMs(FLASH, 0xf000, 0x12000), 45 + 150 + 45);
  assert.equal(eraseMs(FLASH, 0x11000, 0xf000), 15 * 45);
  for (const [address, byteLength, pages] of [
    [0, 4096, 16],
    [100, 32, 1],
    [240, 32, 2],
  ] as const) {
    assert.ok(Math.abs(programMs(FLASH, address, byteLength) - 0.6 * pages) < 1e-9);
  }
});

test("the bounds follow from the constants", () => {
  assert.ok(Math.abs(flashMs(profileOf("lab"), MIB) - 4857.6) < 1e-6);
  const rounds = MIB / WINDOW;
  assert.ok(Math.abs(networkMs(profileOf("wan"), MIB) - rounds * 100) < 1e-6);
  assert.ok(Math.abs(networkMs(profileOf("4g-cat1"), MIB) - (rounds * 60 + 7 * 60)) < 1e-6);
  assert.ok(Math.abs(networkMs(profileOf("wan"), MIB, SDK_C3) - (MIB / 5744) * 100) < 1e-6);
  assert.ok(Math.abs(networkMs(profileOf("nb-iot"), MIB) - MIB / 7.5) < 1e-6);
  assert.ok(Math.abs(boundMs(profileOf("wan"), MIB) - (rounds * 100 + 256 * 0.46 + 602)) < 1e-6);
  assert.ok(Math.abs(scheduleBoundMs(profileOf("wan"), MIB) - (rounds * 100 + 16 * 50 + 602)) < 1e-6);
});

test("no run undercuts the bound of its flash or of its network", () => {
  for (const name of ["lab", "4g-cat1"]) {
    const profile = profileOf(name);
    const { offeredMs = 0, pendingMs = 0 } = TimedRun.go({ profile, byteLength: MIB / 4 }).last;
    assert.ok(pendingMs - offeredMs >= Math.max(flashMs(profile, MIB / 4), networkMs(profile, MIB / 4)));
    const instant = TimedRun.go({ profile: { ...profile, flash: INSTANT_FLASH }, byteLength: MIB / 4 }).last;
    assert.ok((instant.pendingMs ?? 0) < pendingMs);
  }
});

test("a run repeats to the microsecond", () => {
  const options = { profile: profileOf("4g-cat1"), byteLength: MIB / 8, cut: { operation: 20, mode: 2 } };
  const [first, second] = [TimedRun.go(options), TimedRun.go(options)];
  assert.deepEqual(first.boots, second.boots);
  assert.equal(first.boots.length, 2);
});
