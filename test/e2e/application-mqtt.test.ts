import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ChipEngine } from "../support/chip-engine.js";
import { type Engine, type RunningAgent, testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { DEVICE, imageOf, type TestBed } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

const DATA = `${DEVICE.productId}/${DEVICE.deviceName}/data`;
const CONTROL = `${DEVICE.productId}/${DEVICE.deviceName}/control`;
/** Between two messages, each way. */
const PAUSE_MS = 10;

/** An application that sends as long as it is connected, and counts what comes of that. */
class Telemetry {
  /** Numbers of the messages that were acknowledged, and in which state of the agent. */
  readonly acknowledged = new Map<string, RunningAgent["state"]>();
  /** What the platform got, by number, and how often. */
  readonly arrived = new Map<string, number>();
  readonly heard: string[] = [];
  readonly #padding: string;
  #last = 0;
  #controls = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(bed: TestBed, { byteLength = 100 } = {}) {
    this.#padding = "x".repeat(byteLength);
    bed.platform.onApplication = (topic, payload, qos) => {
      assert.deepEqual([topic, qos], [DATA, 1]);
      const [number = ""] = payload.toString().split(" ");
      this.arrived.set(number, (this.arrived.get(number) ?? 0) + 1);
    };
    bed.onAgent = (agent) => {
      agent.mqtt.subscribe(CONTROL, ({ topic, text }) => this.heard.push(`${topic} ${(text() ?? "").split(" ")[0]}`));
      agent.on("connection", ({ online }) => online && void this.#send(agent));
    };
    this.#timer = setInterval(() => bed.platform.send(CONTROL, `${++this.#controls} ${this.#padding}`), PAUSE_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #send(agent: RunningAgent): Promise<void> {
    for (;;) {
      const number = String(++this.#last);
      if (!(await agent.mqtt.publish(DATA, `${number} ${this.#padding}`, { qos: 1 }))) return;
      this.acknowledged.set(number, agent.state);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** An update from the offer to the new version, while the application sends and hears; on trial it goes on. */
async function updates(engine: Engine, byteLength: number): Promise<void> {
  let telemetry: Telemetry | undefined;
  const seen = (state: string): boolean => [...(telemetry?.acknowledged.values() ?? [])].includes(state as "idle");
  // The firmware is confirmed once its telemetry has arrived.
  const selfTest = async (): Promise<boolean> => {
    while (!seen("confirming")) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return true;
  };
  await withTestBed({ engine, image: imageOf("0.2.0", 400 * 1024), config: { selfTest } }, async (bed) => {
    telemetry = new Telemetry(bed, { byteLength });
    try {
      await bed.update();
    } finally {
      telemetry.end();
    }
    const words = bed.platform.words();
    assert.deepEqual(words.slice(0, 2), ["version 0.1.0", "downloading 0"]);
    assert.deepEqual(words.slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
    assert.deepEqual(bed.boots, ["ota_0", "ota_1"]);
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
    assert.equal(bed.platform.connects, 2);
    assert.ok(seen("downloading") && seen("confirming"), [...telemetry.acknowledged.values()].join());
    for (const number of telemetry.acknowledged.keys()) assert.equal(telemetry.arrived.get(number), 1, number);
    assert.ok(telemetry.heard.length > 3 && telemetry.heard.every((line) => line.startsWith(`${CONTROL} `)));
    assert.deepEqual(
      bed.logged.lines.filter((line) => /^(warn|error)/.test(line)),
      [],
    );
  });
}

testOnEngines(
  "an update runs while the application sends with QoS 1 and hears, over the one connection, and so on trial",
  (engine) => updates(engine, 100),
);

describe("in the heap of an ESP32", () => {
  let engine: ChipEngine;
  // The first one on a machine is compiled.
  before(async () => {
    engine = await ChipEngine.create({ realTime: true });
  });

  test("the same passes, with messages of 2,000 bytes", { timeout: 120_000 }, () => updates(engine, 2000));
});

testOnEngines("after a lost broker the application hears again, and knows what was not acknowledged", (engine) =>
  withTestBed({ engine }, async (bed) => {
    const ends: boolean[] = [];
    const heard: string[] = [];
    const filters: string[] = [];
    let online = 0;
    bed.platform.onSubscribe = (filter) => filters.push(filter);
    bed.onAgent = (agent) => {
      agent.mqtt.subscribe("+/+/control", ({ text }) => heard.push(text() ?? ""));
      agent.on("connection", (event) => event.online && online++);
    };
    const listened = (): boolean => filters.at(-1) === "+/+/control";
    bed.board.powerOn();
    await bed.until("subscription", listened);
    bed.platform.send(CONTROL, "before");
    await bed.until("message", () => heard.length === 1);
    bed.platform.acknowledging = false;
    void bed.agent?.mqtt.publish(DATA, "lost", { qos: 1 }).then((done) => ends.push(done));
    const published = new Promise<void>((resolve) => (bed.platform.onApplication = () => resolve()));
    await published;
    filters.length = 0;
    bed.platform.dropAll();
    bed.platform.acknowledging = true;
    await bed.until("end of the message", () => ends.length === 1);
    await bed.until("subscription", listened);
    bed.platform.send(CONTROL, "after");
    await bed.until("message", () => heard.length === 2);
    void bed.agent?.mqtt.publish(DATA, "arrives", { qos: 1 }).then((done) => ends.push(done));
    await bed.until("acknowledgement", () => ends.length === 2);
    assert.deepEqual(heard, ["before", "after"]);
    assert.deepEqual(ends, [false, true]);
    assert.equal(online, 2);
  }),
);
