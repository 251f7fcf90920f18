import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect, type MqttClient } from "mqtt";
import { connectOperator } from "../../cloud/api/client.js";
import { readAddress } from "../../cloud/api/address.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { Mosquitto, skipMosquitto } from "../support/mosquitto.js";
import { imageOf } from "../support/test-bed.js";

const PRODUCT = "ABCDE12345";
const REPORT = `$ota/report/${PRODUCT}/light_01`;
const UPDATE = `$ota/update/${PRODUCT}/light_01`;

async function ota(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("cloud/main", args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** A device as the vendor's samples are: it connects again by itself, and reports its version only when it starts. */
class Sample {
  readonly offers: string[] = [];
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("error", () => {});
    client.on("message", (_topic, payload) => {
      if (payload.includes("update_firmware")) this.offers.push(payload.toString());
    });
  }

  static async start(url: string, version: string): Promise<Sample> {
    const client = connect(url, { clientId: `${PRODUCT}light_01`, reconnectPeriod: 200 });
    const sample = new Sample(client);
    await client.subscribeAsync(UPDATE, { qos: 1 });
    await sample.report({ type: "report_version", report: { version } });
    return sample;
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  progress(state: string, more: object = {}): Promise<void> {
    const progress = { state, result_code: "0", result_msg: "", ...more };
    return this.report({ type: "report_progress", report: { progress, version: "0.2.0" } });
  }

  async report(message: object): Promise<void> {
    await this.#client.publishAsync(REPORT, JSON.stringify(message), { qos: 1 });
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

async function until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `no ${what} within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test(
  "another broker dies in the middle of an upgrade and comes back: the log, health, and the upgrade that goes on",
  {
    skip: skipMosquitto,
  },
  () =>
    withCommands(async (folder) => {
      const [state, info] = [join(folder, "cloud"), join(folder, "device_info.json")];
      await ota("device", "add", "--state", state, "--product", PRODUCT, "--name", "light_01", "--output", info);
      for (const version of ["0.1.0", "0.2.0"]) {
        const file = join(folder, `${version}.bin`);
        writeFileSync(file, imageOf(version, 16 * 1024));
        await ota("firmware", "add", file, "--state", state, "--product", PRODUCT, "--version", version);
      }
      const mosquitto = await Mosquitto.start(folder);
      const ports = ["--http-port", "0", "--console-port", "0"];
      const serve = new Running("cloud/main", ["serve", "--state", state, "--broker", mosquitto.url, ...ports]);
      await serve.until("its addresses", () => serve.stdout.includes("console"));
      const { port, token } = readAddress(state) ?? { port: 0, token: "" };
      const api = await connectOperator({ url: `http://127.0.0.1:${port}`, token });
      const sample = await Sample.start(mosquitto.url, "0.1.0");
      try {
        assert.equal((await api.health()).broker, "connected");
        await until("version", async () => (await api.devices({ version: "0.1.0" }, {})).items.length === 1);
        await ota("upgrade", "--state", state, "--product", PRODUCT, "--version", "0.2.0", "--from", "0.1.0");
        await until("offer", () => sample.offers.length === 1);

        const before = Date.now();
        await mosquitto.end();
        await serve.until("the line", () => serve.stdout.includes("is lost"));
        const lost = await api.health();
        assert.deepEqual(
          [lost.ok, lost.broker, lost.problems.map(({ code }) => code)],
          [false, "disconnected", ["broker"]],
        );
        const sinceMs = lost.problems[0]?.sinceMs ?? 0;
        assert.ok(sinceMs >= before && sinceMs <= Date.now(), `${sinceMs} is not since ${before}`);
        // It stays the time of the loss, however often the cloud tries in vain to connect.
        await new Promise((resolve) => setTimeout(resolve, 2500));
        assert.equal((await api.health()).problems[0]?.sinceMs, sinceMs);

        await mosquitto.begin();
        await until("health", async () => (await api.health()).ok);
        const lines = serve.stdout.split("\n").filter((line) => line.includes(" trouble "));
        assert.deepEqual(
          lines.map((line) => line.replace(/^\S+ trouble +/, "")),
          [
            `broker ${mosquitto.url} is lost: devices are not served until it is back`,
            `broker ${mosquitto.url} is back`,
          ],
        );

        // The offer is made again, although the sample has not asked for it.
        await until("second offer", () => sample.isConnected && sample.offers.length === 2, 30_000);
        await sample.progress("downloading", { percent: "50" });
        await sample.progress("burning");
        await mosquitto.end();
        await until("loss", async () => (await api.health()).broker === "disconnected");
        await mosquitto.begin();
        // This broker keeps no session on its disk, so it drops what comes before the cloud is back.
        await until("device", async () => sample.isConnected && (await api.health()).ok);
        await sample.progress("done");
        await sample.report({ type: "report_version", report: { version: "0.2.0" } });
        await until("success", async () => /-> 0\.2\.0 success/.test(await ota("status", "--state", state)));
      } finally {
        await sample.end();
        await serve.kill("SIGTERM");
        await mosquitto.end();
      }
    }),
);
