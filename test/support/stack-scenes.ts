import type { XsAgent } from "../../hal/boards/xs/agent.js";
import { MemoryMcu } from "./memory-mcu.js";
import { DEVICE, imageOf } from "./test-bed.js";
import { ChipEngine } from "./chip-engine.js";
import { GatewayTestBed, PRODUCT } from "./sub-device-test-bed.js";
import { StackEntries } from "./stack-entries.js";
import { withTestBed } from "./with-test-bed.js";

const KIB = 1024;
const TIMEOUT_MS = 30_000;
/** A message as long as the heap surely takes, beside others, and the longest URL. */
const LONG_MESSAGE = 14_000;
const URL_LENGTH = 2048;

/** Runs the agent through what calls into it, in the heap of an ESP32. */
export async function measureStack(): Promise<StackEntries> {
  let port = 0;
  const entries = new StackEntries({ brokerPort: () => port });
  const engine = await ChipEngine.create({ entries, realTime: true });
  const onPort = (brokerPort: number): void => void (port = brokerPort);
  await ownUpdate(engine, onPort);
  await plansAndMcu(engine, onPort);
  await gateway(engine, onPort);
  return entries;
}

/** An image behind a redirect, in chunks, with faults of network and broker, a second offer and the longest message. */
async function ownUpdate(engine: ChipEngine, onPort: (port: number) => void): Promise<void> {
  await withTestBed({ engine, image: imageOf("0.2.0", 400 * KIB) }, async (bed) => {
    onPort(bed.platform.port);
    const { server, platform } = bed;
    server.behaviours = [
      { status: 302, headers: { Location: `${server.url}?moved` } },
      { status: 503, headers: { "Retry-After": "0" } },
      { cutAfter: 60 * KIB },
      { chunked: true, cutAfter: 60 * KIB },
      { raw: "HTTP/1.1 200\r\n: bad\r\n\r\n" },
    ];
    bed.board.powerOn();
    await bed.until("version", () => platform.words().length > 0);
    const topic = `$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`;
    platform.send(topic, "not JSON");
    platform.send(topic, JSON.stringify({ type: "unknown", filler: "x".repeat(LONG_MESSAGE) }));
    platform.send(
      topic,
      JSON.stringify({
        type: "update_firmware",
        ...bed.offer(),
        manifest: Array.from({ length: 200 }, (_, index) => ({ index })),
      }),
    );
    await bed.agent?.checkForUpdate();
    platform.offer(DEVICE, bed.offer());
    await bed.until("some of it", () => bed.progress > 100 * KIB, TIMEOUT_MS);
    const { url, ...offer } = bed.offer();
    platform.offer(DEVICE, { ...offer, url: `${url}&filler=`.padEnd(URL_LENGTH, "x") });
    platform.dropAll();
    await bed.until("half of it", () => bed.progress > 200 * KIB, TIMEOUT_MS);
    bed.board.cutPower();
    bed.board.powerOn();
    platform.pending = () => bed.offer();
    await bed.ended();
    server.behaviours = [{ status: 404 }];
    platform.offer(DEVICE, bed.offer("0.3.0"));
    await bed.until("failure", () => platform.words().some((word) => word.startsWith("fail")), TIMEOUT_MS);
    await bed.agent?.stop();
  });
}

/** A self test, plans that are put off, declined and accepted, and an MCU. */
async function plansAndMcu(engine: ChipEngine, onPort: (port: number) => void): Promise<void> {
  const config = {
    selfTest: () => Promise.resolve(true),
    policy: {
      minBatteryPercent: 10,
      windows: [
        { from: "00:00", to: "23:59" },
        { from: "23:59", to: "00:00" },
      ],
      deadlineSeconds: 3600,
      recheckSeconds: 0.05,
    },
  };
  const surroundings = { batteryPercent: () => 50, signalDbm: () => -60 };
  const mcu = new MemoryMcu();
  await withTestBed(
    { engine, config, surroundings, components: [mcu], image: imageOf("0.2.0", 128 * KIB) },
    async (bed) => {
      onPort(bed.platform.port);
      let plans = 0;
      bed.onAgent = (agent) =>
        agent.on("plan", (plan) => {
          plans++;
          if (plans === 1) plan.defer({ seconds: 1 });
          else if (plans === 2) plan.decline("not now");
          else plan.accept();
        });
      bed.server.manifest = '{"minBatteryPercent":20,"minSignalDbm":-90,"space":1000,"sourceVersion":"0.1.0"}';
      bed.board.powerOn();
      await bed.until("version", () => bed.platform.words().length > 0);
      bed.platform.offer(DEVICE, bed.offer());
      await bed.until("deferred plan again", () => plans >= 2, TIMEOUT_MS);
      await bed.until("declined", () => bed.platform.words().some((word) => word.startsWith("fail")), TIMEOUT_MS);
      const offer = { type: "update_firmware", ...bed.offer("mcu_2.0.0"), sourceVersion: "1.0.0" };
      bed.platform.send(`$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`, JSON.stringify(offer));
      await bed.until("MCU", () => mcu.running === "2.0.0", TIMEOUT_MS);
      bed.server.file = imageOf("0.3.0", 128 * KIB);
      bed.platform.offer(DEVICE, bed.offer("0.3.0"));
      await bed.until("own", () => bed.platform.words().includes("version 0.3.0"), TIMEOUT_MS);
    },
  );
}

/** Sub-devices that are found, bound and unbound, and updated; then the gateway itself. */
async function gateway(engine: ChipEngine, onPort: (port: number) => void): Promise<void> {
  const lights = Array.from({ length: 8 }, (_, index) => ({
    deviceName: `light${index}`,
    install: index === 7 ? ("fail" as const) : ("ok" as const),
  }));
  await GatewayTestBed.run({ engine, subDevices: lights, image: imageOf("2.0.0", 128 * KIB) }, async (scene) => {
    const { bed, platform } = scene;
    onPort(platform.port);
    platform.bound = lights.map(({ deviceName }) => ({ productId: PRODUCT, deviceName }));
    const names = lights.map(({ deviceName }) => deviceName);
    const topic = `$gateway/operation/result/${DEVICE.productId}/${DEVICE.deviceName}`;
    const change = (status: number): void =>
      platform.send(
        topic,
        JSON.stringify({
          type: "change",
          payload: { status, devices: [{ product_id: PRODUCT, device_name: "light1" }] },
        }),
      );
    bed.board.powerOn();
    await bed.until("versions", () => names.every((name) => scene.words(name).length > 0), TIMEOUT_MS);
    change(0);
    change(1);
    for (const type of ["bind", "unbind"]) {
      platform.send(
        topic,
        JSON.stringify({ type, payload: { devices: [{ product_id: PRODUCT, device_name: "light2", result: 0 }] } }),
      );
    }
    await bed.until("light1 again", () => scene.words("light1").length === 2, TIMEOUT_MS);
    scene.pending("2.0.0", ...names);
    for (const name of names) scene.offer("2.0.0", name);
    await bed.until("some", () => scene.events.length > 10, TIMEOUT_MS);
    platform.dropAll();
    await scene.ended(...names);
    await (bed.agent as unknown as XsAgent).removeSubDevice({ productId: PRODUCT, deviceName: "light3" });
    bed.server.file = imageOf("0.2.0", 128 * KIB);
    platform.offer(DEVICE, bed.offer("0.2.0"));
    await bed.until("own update", () => platform.wordsOf(DEVICE).includes("version 0.2.0"), TIMEOUT_MS);
  });
}
