import assert from "node:assert/strict";
import { test } from "node:test";
import { boundMs, flashMs, networkMs, scheduleBoundMs } from "../../../bench/bounds.js";
import { TimedLink } from "../../../bench/model/link.js";
import {
  eraseMs,
  FLASH,
  INSTANT_FLASH,
  type Link,
  profileOf,
  programMs,
  WINDOW_LENGTH,
} from "../../../bench/model/profiles.js";
import { TimedRun } from "../../../bench/model/run.js";
import { createTimedTcp } from "../../../bench/model/tcp.js";
import { createTimedTls } from "../../../bench/model/tls.js";
import { Trace } from "../../../bench/model/trace.js";
import type { SocketInstance, SocketOptions, TcpConstructor } from "../../../hal/ecma419/modules.js";
import { Scheduler } from "../../support/scheduler.js";
import type { Line } from "../../support/virtual-network.js";

const MIB = 0x100000;
/** One byte a millisecond would be 8,000 bits a second. */
const LINK: Link = { bitsPerSecond: 8_000_000, roundTripMs: 10, lossEvery: undefined };

/** A server that sends a file on each connection, and a socket on the board. */
class Wire {
  readonly scheduler = new Scheduler();
  readonly trace = new Trace();
  readonly socket: SocketInstance;
  readonly TCP: TcpConstructor;
  readonly heard: { readonly atMs: number; readonly byteLength: number }[] = [];
  line: Line | undefined;
  connectedMs: number | undefined;
  readable = 0;
  endedMs: number | undefined;

  constructor(options: { link?: Link; byteLength?: number; drains?: boolean }) {
    const { scheduler } = this;
    const link = new TimedLink({ scheduler, link: options.link ?? LINK });
    this.TCP = createTimedTcp({
      scheduler,
      link,
      trace: this.trace,
      servers: {
        accept: (_port, line) => {
          this.line = line;
          return { receive: (bytes) => void this.heard.push({ atMs: scheduler.now, byteLength: bytes.byteLength }) };
        },
      },
    });
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
    this.socket = new this.TCP(callbacks);
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

test("what nobody reads fills the window, and no byte more comes", () => {
  const wire = new Wire({ byteLength: 100_000 });
  wire.run();
  assert.equal(wire.received, WINDOW_LENGTH);
  wire.read(3000);
  wire.run();
  assert.equal(wire.received, WINDOW_LENGTH + 3000);
});

test("bytes go on arriving while the thread is blocked, up to the window, and the thread is called afterwards", () => {
  const wire = new Wire({ byteLength: 100_000 });
  wire.run(1);
  wire.scheduler.block(1000);
  assert.equal(wire.received, WINDOW_LENGTH);
  assert.equal(wire.readable, 0, "nobody was called");
  const { now } = wire.scheduler;
  wire.run();
  assert.deepEqual([wire.readable, wire.scheduler.now], [WINDOW_LENGTH, now]);
  assert.ok(wire.scheduler.latestMs > 900, "and late");
});

test("a reader that never waits gets a window in a round trip, or what the line carries", () => {
  for (const [link, byteLength, ms] of [
    [{ ...LINK, bitsPerSecond: 8_000_000_000, roundTripMs: 100 }, 100 * WINDOW_LENGTH, 10_000],
    [{ ...LINK, roundTripMs: 1 }, 1_000_000, 1_000],
  ] as const) {
    const wire = new Wire({ link, byteLength, drains: true });
    wire.run();
    assert.equal(wire.received, byteLength);
    const took = wire.trace.wire.at(-1)?.atMs ?? 0;
    assert.ok(took >= 0.98 * ms && took <= 1.02 * ms, `${took} ms, not ${ms}`);
  }
});

test("a lost segment comes a round trip later, and delays those behind it", () => {
  const wire = new Wire({ link: { ...LINK, lossEvery: 2 }, byteLength: 5760, drains: true });
  wire.run();
  assert.deepEqual(
    wire.trace.wire.map(({ atMs }) => Math.round(atMs)),
    [6, 18, 18, 21],
  );
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
    const TLS = createTimedTls({ scheduler: wire.scheduler, roundTripMs: LINK.roundTripMs });
    const onWritable = (): void => void (greetedMs = wire.scheduler.now);
    new TLS({ address: "10.0.0.1", port: 443, host: "h.test", secure: {}, TCP: { io: wire.TCP }, onWritable });
    wire.run(0);
    wire.scheduler.block(blockedMs);
    wire.run();
    assert.equal(greetedMs, expected);
  }
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
  assert.ok(Math.abs(networkMs(profileOf("wan"), MIB) - 12_800) < 1e-6);
  assert.ok(Math.abs(networkMs(profileOf("4g-cat1"), MIB) - (7_680 + 7 * 60)) < 1e-6);
  assert.ok(Math.abs(networkMs(profileOf("nb-iot"), MIB) - MIB / 7.5) < 1e-6);
  assert.ok(Math.abs(boundMs(profileOf("wan"), MIB) - (12_800 + 256 * 0.46 + 602)) < 1e-6);
  assert.ok(Math.abs(scheduleBoundMs(profileOf("wan"), MIB) - (12_800 + 16 * 50 + 602)) < 1e-6);
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

test("with lwIP's steps the window is opened late, and only whole segments come", () => {
  const link = { ...LINK, windowStep: 2048 };
  const wire = new Wire({ link, byteLength: 100_000 });
  wire.run();
  assert.equal(wire.received, 5 * 1440, "whole segments fill less than the window");
  wire.read(2047);
  wire.run();
  assert.equal(wire.received, 5 * 1440);
  wire.read(1);
  wire.run();
  assert.equal(wire.received, 7 * 1440);
});
