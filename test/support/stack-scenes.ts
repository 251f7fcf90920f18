import type { XsAgent } from "../../hal/boards/xs/agent.js";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import type { XsSdk } from "../../hal/boards/xs/host/sdk.js";
import { MemoryMcu } from "./memory-mcu.js";
import { DEVICE, imageOf, type TestBed } from "./test-bed.js";
import { ChipEngine } from "./chip-engine.js";
import { GatewayTestBed, PRODUCT } from "./sub-device-test-bed.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { sealed, signerNamed } from "./seals.js";
import { StackEntries } from "./stack-entries.js";
import { packedUpdates } from "./stack-packages.js";
import { type Stage, withStage } from "./stack-stage.js";
import { connections } from "./tls-scenes.js";
import { SECURED, startFileServer } from "./secured-test-bed.js";

const KIB = 1024;
const TIMEOUT_MS = 30_000;
/** Length of a message that fits into the heap in any case, beside others and the longest URL. */
const LONG_MESSAGE = 14_000;
const URL_LENGTH = 4096;

/** Slots of stack, more than are used: an overflow would end the measurement. */
const ENOUGH_SLOTS = 1024;
/** Over TLS the longest message does not fit into an ESP32's heap, nor all that plans log. The stack is the same. */
const HEAPS_FOR_TLS = 2;

export interface StackOptions {
  /** The SDK whose XS is used; default: the XS of the host. */
  readonly sdk?: XsSdk;
  /** Whether the connections use the SDK's TLS. */
  readonly overTls?: boolean;
  /** Whether the agent is the one before it is minified, which has the names of its functions. */
  readonly readable?: boolean;
  /** The name of one scene; default: all. */
  readonly only?: string;
}

const SCENES: { readonly [name: string]: (stage: Stage) => Promise<void> } = {
  own: ownUpdate,
  plans: plansAndMcu,
  gateway,
  sealed: sealedUpdate,
  packages: packedUpdates,
};

/** Over TLS alone. */
const TLS_SCENES = { connections };

export const SCENE_NAMES = [...Object.keys(SCENES), ...Object.keys(TLS_SCENES)];

/** Runs the agent through all kinds of calls into it, in the heap of an ESP32, or over TLS in a larger one. */
export async function measureStack({
  sdk,
  overTls = false,
  readable = false,
  only,
}: StackOptions = {}): Promise<StackEntries> {
  const entries = new StackEntries({ overTls });
  const times = overTls ? HEAPS_FOR_TLS : 1;
  const heap = {
    slots: ESP32_HEAP.slots * times,
    chunkBytes: ESP32_HEAP.chunkBytes * times,
    stackSlots: ENOUGH_SLOTS,
  };
  const engine = await ChipEngine.create({ entries, realTime: true, sdk, heap, readable });
  for (const [name, play] of Object.entries({ ...SCENES, ...(overTls ? TLS_SCENES : {}) })) {
    if (only !== undefined && name !== only) continue;
    entries.scene = name;
    await play({ engine, entries, secured: overTls ? SECURED : undefined });
  }
  return entries;
}

/** Two signatures are verified by JavaScript, before the download and again in flash. */
async function sealedUpdate(stage: Stage): Promise<void> {
  const [vendor, successor] = [signerNamed("vendor"), signerNamed("successor")];
  const version = "0.2.0";
  const bare = buildAppImage({ version, byteLength: 64 * KIB, seed: 1, secureVersion: 1 });
  const image = sealed(bare, { version, securityVersion: 1, signers: [successor, vendor] });
  const config = { seal: { trusted: [vendor.pem, successor.pem] } };
  await withStage(stage, { image, config, withoutSignatures: true }, async (bed) => {
    await bed.update();
    bed.platform.pending = undefined;
    bed.platform.reports.length = 0;
    bed.server.file = bare;
    bed.platform.offer(DEVICE, bed.offer("0.3.0"));
    await bed.ended();
  });
}

/** An image behind a redirect, in chunks, with faults of network and broker, a second offer and the longest message. */
async function ownUpdate(stage: Stage): Promise<void> {
  await withStage(stage, { image: imageOf("0.2.0", 400 * KIB) }, async (bed) => {
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
    await applicationMessages(bed);
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

/** The application sends and hears over the agent's connection. */
async function applicationMessages(bed: TestBed): Promise<void> {
  const { agent, platform } = bed;
  let heard = false;
  const topic = `${DEVICE.productId}/${DEVICE.deviceName}/data`;
  agent?.mqtt.subscribe(topic, () => (heard = true));
  await agent?.mqtt.publish(topic, "x".repeat(2000), { qos: 1 });
  platform.send(topic, "x".repeat(2000));
  await bed.until("message", () => heard);
}

/** A self test, plans that are put off, declined and accepted, and an MCU. */
async function plansAndMcu(stage: Stage): Promise<void> {
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
  await withStage(
    stage,
    { config, surroundings, components: [mcu], image: imageOf("0.2.0", 128 * KIB) },
    async (bed) => {
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
async function gateway({ engine, entries, secured }: Stage): Promise<void> {
  const lights = Array.from({ length: 8 }, (_, index) => ({
    deviceName: `light${index}`,
    install: index === 7 ? ("fail" as const) : ("ok" as const),
  }));
  const server = await startFileServer(imageOf("2.0.0", 128 * KIB), secured, entries.keys);
  await GatewayTestBed.run({ engine, subDevices: lights, server, tls: secured }, async (scene) => {
    const { bed, platform } = scene;
    entries.brokerPort = platform.port;
    platform.onKeys = (line) => entries.keys.add(line);
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
