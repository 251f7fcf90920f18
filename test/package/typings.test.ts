import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { checkApplication } from "../../cli/esp32/application-check.js";
import { findEsp32Sdk } from "../../cli/esp32/sdk.js";
import { withFolder } from "../support/folder.js";
import { installPacked } from "../support/packed.js";
import { ROOT } from "../support/root.js";
import { compile, pathsOf } from "../support/typescript-application.js";

/**
 * All that an application can import on a board; the last lines check that the types are more than `any`. Indented, so
 * that it is not taken for imports of this file.
 */
const APPLICATION = `
  import { type Device, type Log, OtaAgent } from "moddable-ota";
  import { type DeviceOptions, openDevice, type Provisioning, readProvisioning, signalDbm } from "moddable-ota/device";
  import { gateway } from "moddable-ota/gateway";
  import { control } from "moddable-ota/control";
  import { mqtt } from "moddable-ota/mqtt";
  import { plans } from "moddable-ota/plans";
  import { register } from "moddable-ota/registration";
  import { packages } from "moddable-ota/packages";
  import { seal } from "moddable-ota/seal";

  export default function (): void {
    const log: Log = (level, area, message) => trace(\`\${level} \${area}: \${message()}\`);
    const options: DeviceOptions = { log, batteryPercent: () => 50 };
    const device: Device = openDevice(options);
    const { identity, broker, download }: Provisioning = readProvisioning();
    if (identity === undefined) return;
    const agent = new OtaAgent({ device, parts: { control, gateway, mqtt, packages, plans, seal }, config: { seal: { trusted: [new Uint8Array(64)] }, identity, broker, download, policy: { minSignalDbm: signalDbm() } } });
    agent.on("result", ({ version, result }) => trace(version + result.outcome));
    agent.mqtt.subscribe("PRODUCT/DEVICE/control", ({ topic, payload, text }) => trace(topic + payload.byteLength + text()));
    void agent.mqtt.publish("PRODUCT/DEVICE/data", Uint8Array.of(1), { qos: 1 }).then((done: boolean) => trace(String(done)));
    void register({ device, productId: "A", deviceName: "b", productSecret: "c" }).then(({ authentication }) => trace(authentication.mode));
    // @ts-expect-error: there is no QoS 2
    void agent.mqtt.publish("PRODUCT/DEVICE/data", "1", { qos: 2 });
    // @ts-expect-error: a number is no version
    agent.components.add({ id: "mcu", version: 1, install: () => {} });
    // @ts-expect-error: there is no such thing
    agent.nothing();
    // @ts-expect-error: a device is opened with a log
    openDevice({});
    // @ts-expect-error: the gateway is a part of its own
    new OtaAgent({ device, parts: { gateway: plans }, config: { identity } });
  }
`;

/** On Node and in an editor, by the package's exports. */
const SIMULATED = `
  import { createDevice } from "moddable-ota";
  import { SimulatedBoard, openFlash } from "moddable-ota/simulated-board";

  new SimulatedBoard({ flash: openFlash("board", "r+"), firmware: (modules) => void createDevice(modules, () => {}), onDead() {} });
  // @ts-expect-error: a board has a flash
  new SimulatedBoard({ firmware() {}, onDead() {} });
`;

test("a TypeScript application compiles against the package as it is packed, strictly", async (t) => {
  await withFolder(async (folder) => {
    const installed = installPacked(folder);
    const application = join(folder, "main.ts");
    writeFileSync(application, APPLICATION);

    for (const platform of ["esp32", "lin"]) {
      await t.test(`for ${platform}, by the paths that mcconfig writes for the manifests`, () => {
        const manifests = [
          "manifest.json",
          ...["control", "gateway", "mqtt", "packages", "plans", "registration", "seal"].map((part) =>
            join(part, "manifest.json"),
          ),
        ];
        const paths = Object.assign(
          {},
          ...manifests.map((path) => pathsOf(join(installed, path), platform)),
        ) as ReturnType<typeof pathsOf>;
        for (const name of [
          "moddable-ota",
          "moddable-ota/device",
          "moddable-ota/control",
          "moddable-ota/gateway",
          "moddable-ota/mqtt",
          "moddable-ota/packages",
          "moddable-ota/plans",
          "moddable-ota/registration",
          "moddable-ota/seal",
        ]) {
          assert.ok(name in paths, name);
        }
        assert.equal(compile(withOwn(folder, platform), [application], paths), "");
      });

      await t.test(`examples/plans for ${platform}, by the paths of its manifest`, () => {
        const example = join(installed, "examples", "plans");
        assert.equal(
          compile(
            withOwn(folder, `plans-${platform}`),
            [join(example, "main.ts")],
            pathsOf(join(example, "manifest.json"), platform),
          ),
          "",
        );
      });
    }

    await t.test("in an editor, by the package's exports", () => {
      writeFileSync(join(folder, "board.ts"), SIMULATED);
      assert.equal(compile(folder, ["main.ts", "board.ts"], undefined), "");
    });
  });
});

test("examples/plans is compiled and linked for an ESP32 by the SDK", {
  skip: process.env["MODDABLE"] ? false : "MODDABLE is not set",
}, () => {
  // mcconfig runs the tsc that it finds.
  process.env["PATH"] = [join(ROOT, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);
  const application = { board: "nodemcu", version: "0.1.0", table: "4mb-large", example: "plans" };
  const { linked } = checkApplication({ sdk: findEsp32Sdk(process.env), ...application });
  for (const name of ["main", "moddable-ota/plans", "moddable-ota/staging"]) {
    assert.ok(linked.preloaded.has(name), name);
  }
});

/** mcconfig writes its settings outside of what it compiles. */
function withOwn(folder: string, name: string): string {
  const own = join(folder, "build", name);
  if (!existsSync(own)) mkdirSync(own, { recursive: true });
  return own;
}
