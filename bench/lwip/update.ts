import { randomFillSync } from "node:crypto";
import { createDevice, OtaAgent } from "../../hal/boards/main.js";
import { Power } from "../../hal/boards/sim/power.js";
import { createTimeModule, createTimerModule } from "../../hal/boards/sim/timers.js";
import { createTls } from "../../hal/boards/sim/tls.js";
import type { BoardModules } from "../../hal/ecma419/modules.js";
import { fileOf, OLD } from "../../test/fault/files.js";
import { SimChip } from "../../test/fault/sim-chip.js";
import type { LinkSettings } from "../model/link-settings.js";
import { BLOCK_LENGTH, type Profile } from "../model/profiles.js";
import { SleepingFlash } from "./flash-time.js";
import { createLwipTcp } from "./lwip-tcp.js";
import { HOST_ADDRESS, type Rig } from "./rig.js";
import { SERVER } from "./server.js";

const FACTORY_LENGTH = 4096;

export interface UpdateOptions {
  readonly rig: Rig;
  readonly profile: Profile;
  readonly settings: LinkSettings;
  readonly byteLength: number;
}

/** @returns real milliseconds from the offer until the image is pending, of the agent that ships over the rig's lwIP */
export function updateMs({ rig, profile, settings, byteLength }: UpdateOptions): Promise<number> {
  const power = new Power();
  const flash = new SleepingFlash(rig, profile.flash);
  const chip = new SimChip({
    factory: fileOf(OLD, FACTORY_LENGTH).bytes,
    slotLength: Math.ceil(byteLength / BLOCK_LENGTH) * BLOCK_LENGTH,
    cutPlan: () => undefined,
    medium: flash,
    onOperation: (operation) => flash.begin(operation),
  });
  const booted = chip.boot({ power, restart: () => {}, onBroken: () => {} });
  if (booted === undefined) throw new Error("no image boots");
  flash.start();
  const { boot, ...memory } = booted;
  return new Promise((resolve, reject) => {
    let offeredMs = 0;
    let isPending = false;
    const modules: BoardModules = {
      ...memory,
      TCP: createLwipTcp(rig, settings.mss, power),
      TLS: createTls(power, false),
      Timer: createTimerModule(power),
      Time: createTimeModule(),
      platform: {
        boot: {
          ...boot,
          setPending() {
            isPending = true;
            setImmediate(() => power.cut());
            resolve(performance.now() - offeredMs);
          },
          imageState: (slot) => (isPending && slot === boot.targetSlot() ? "new" : boot.imageState(slot)),
        },
        // A name takes one round trip, as in the model.
        resolve: (host, callback) =>
          void setTimeout(() => power.run(() => callback(host, HOST_ADDRESS)), profile.link.roundTripMs),
        randomFill: (into) => void randomFillSync(into),
        unixTime: () => Math.floor(Date.now() / 1000),
      },
    };
    const agent = agentOn(modules);
    agent.on("state", ({ to }) => {
      if (to === "downloading" && offeredMs === 0) offeredMs = performance.now();
    });
    agent.on("result", ({ result }) => reject(new Error(`the update ended: ${JSON.stringify(result)}`)));
    agent.start();
  });
}

function agentOn(modules: BoardModules): OtaAgent {
  return new OtaAgent({
    device: createDevice(modules, (level, area, message) => {
      if (level === "warn" || level === "error") process.stderr.write(`${area}: ${message()}\n`);
    }),
    config: {
      identity: {
        productId: "ABCDE12345",
        deviceName: "board_01",
        authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
      },
      broker: { url: `mqtt://${SERVER.brokerHost}:${SERVER.mqttPort}` },
    },
  });
}
