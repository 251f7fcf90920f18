import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Core } from "../../../cloud/core.js";
import { Transactions } from "../../../cloud/rollout/work.js";
import { FirmwareFolder } from "../../../cloud/store/firmware-folder.js";
import { FleetStore } from "../../../cloud/store/fleet-store.js";
import type { NewTask, Task, TaskPatch } from "../../../cloud/store/schema.js";
import { type Target, text } from "../target.js";

const PRODUCT = "ABCDE12345";
const NAMES = ["light", "gate", "sub"];
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const REPORT = `$ota/report/${PRODUCT}`;
const OPERATION = `$gateway/operation/${PRODUCT}`;
/** Bytes that one message may leave in one column. */
const MOST_BYTES = 1024;
/** After these messages the cloud must still answer. */
const PROOF = `${REPORT}/gate {"type":"report_version","report":{"version":"1.0.0"}}`;
const SUB = `"product_id":"${PRODUCT}","device_name":"sub"`;

/** What devices publish, as many messages as an input has lines: a topic, a space and a payload. */
export const deviceMessages: Target = {
  name: "device-messages",
  weight: 3,
  corpus: text(
    `${REPORT}/light {"type":"report_version","report":{"version":"2.0.0"}}\n` +
      `${REPORT}/sub {"type":"report_version","report":{"version":"mcu_2.0.0"}}`,
    `${REPORT}/light {"type":"report_progress","report":{"progress":{"state":"downloading","percent":"10","result_code":"0","result_msg":""},"version":"2.0.0"}}\n` +
      `${REPORT}/light {"type":"report_progress","report":{"progress":{"state":"burning"},"version":"2.0.0"}}\n` +
      `${REPORT}/light {"type":"report_progress","report":{"progress":{"state":"done"},"version":"2.0.0"}}`,
    `${REPORT}/light {"type":"report_progress","report":{"progress":{"state":"fail","result_code":"-4","result_msg":"md5"},"version":"2.0.0"}}`,
    `${REPORT}/light {"type":"report_progress","report":{"progress":{"state":"fail","result_code":-5,"result_msg":"declined by a person"},"version":"2.0.0"}}`,
    `${OPERATION}/gate {"type":"online","payload":{"devices":[{${SUB}}]}}\n` +
      `${OPERATION}/gate {"type":"offline","payload":{"devices":[{${SUB}}]}}`,
    `${OPERATION}/gate {"type":"bind","payload":{"devices":[{${SUB},"signature":"a","random":1,"timestamp":2,"signmethod":"hmacsha256","authtype":"psk"}]}}`,
    `${OPERATION}/gate {"type":"unbind","payload":{"devices":[{${SUB}}]}}`,
    `${OPERATION}/gate {"type":"describe_sub_devices"}\n${OPERATION}/gate {"type":"change","result":0}`,
  ),
  words: [
    '"type"',
    '"version":',
    '"__proto__":',
    '"constructor":{',
    "[[[[[[[[[[[[[[[[",
    "null",
    "1e999",
    "\\u0000",
    "\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001",
    "\\ud800",
    "\\u202e",
    "_",
    "mcu_",
    "\u00e4\u6c34".repeat(400),
    `\n${REPORT}/sub `,
    `\n${OPERATION}/sub `,
  ],
  async run(input) {
    const cloud = await theCloud();
    await cloud.reset();
    const lines = Buffer.from(input).toString().split("\n");
    // All in one transaction, as the messages of a moment.
    await Promise.all([...lines, PROOF].map((line) => cloud.take(line)));
    assert.equal(cloud.answered, true, "the cloud does not answer any more");
    for (const [what, bytes] of await cloud.stored()) {
      assert.ok(bytes <= MOST_BYTES, `${bytes} bytes are stored in ${what}`);
    }
  },
};

let made: Promise<FuzzedCloud> | undefined;

/** One for all inputs: each of them begins with the same devices and tasks. */
function theCloud(): Promise<FuzzedCloud> {
  made ??= FuzzedCloud.make();
  return made;
}

class FuzzedCloud {
  readonly #core: Core;
  #answered = false;
  #tasks: readonly Task[] = [];
  #lastEvent = 0;

  private constructor(core: Core) {
    this.#core = core;
  }

  static async make(): Promise<FuzzedCloud> {
    const folder = mkdtempSync(join(tmpdir(), "fuzz-cloud-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    // Without a wait for further messages: all of an input are there at once.
    const store = await FleetStore.open({ folder, groupDelayMs: 0 });
    const files = await FirmwareFolder.open({ folder });
    const cloud: FuzzedCloud = new FuzzedCloud(
      new Core({
        state: { store, files, transactions: new Transactions({ store }), signingKey: "ab", urlLifetimeSec: 60 },
        urlLifetimeSec: 60,
        fileBase: () => "http://files.test",
        publish: (topic, payload) => cloud.#onPublish(topic, payload),
        isOnline: () => true,
        endDownloads: () => {},
      }),
    );
    await cloud.#fill(folder);
    return cloud;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** As if nothing had been sent. */
  async reset(): Promise<void> {
    this.#answered = false;
    const { sessions, state } = this.#core;
    await state.transactions.run(async ({ tables, nowMs }) => {
      for (const task of this.#tasks) await tables.tasks.update(task.id, task as TaskPatch);
      const [, gate, sub] = await Promise.all(NAMES.map((name) => tables.devices.findOnWire(PRODUCT, name)));
      await tables.devices.update(sub?.id ?? 0, { gatewayId: gate?.id ?? null });
      for (const { deviceId } of this.#tasks) await tables.components.set(deviceId, "firmware", "1.0.0", nowMs, 0);
      this.#lastEvent = await tables.events.last();
    });
    sessions.begin({ productId: PRODUCT, deviceName: "gate" }, [{ productId: PRODUCT, deviceName: "sub" }]);
  }

  async take(line: string): Promise<void> {
    const space = line.indexOf(" ");
    const [topic, payload] = space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
    await this.#core.platform.onMessage(topic, payload);
  }

  /** The columns that hold text of a device, with the bytes that are in them. */
  async stored(): Promise<[what: string, bytes: number][]> {
    const { tables } = this.#core.state.transactions;
    const events = await tables.events.list({}, { after: this.#lastEvent, limit: 1000, order: "oldest" });
    const tasks = await Promise.all(this.#tasks.map(({ id }) => tables.tasks.byId(id)));
    const components = await tables.components.ofMany(this.#tasks.map(({ deviceId }) => deviceId));
    return [
      ...events.map(({ kind, detail }): [string, number] => [`event ${kind}`, Buffer.byteLength(kind + detail)]),
      ...tasks.map((task): [string, number] => [
        "task",
        Buffer.byteLength(`${task?.reason ?? ""}${task?.detail ?? ""}`),
      ]),
      ...components.map(({ component, version }): [string, number] => [
        "component",
        Buffer.byteLength(component + version),
      ]),
    ];
  }

  async #fill(folder: string): Promise<void> {
    const { operator, desk, state, rollout } = this.#core;
    const path = join(folder, "image.bin");
    writeFileSync(path, "image");
    await operator.addDevices(
      NAMES.map((deviceName) => ({ productId: PRODUCT, deviceName, deviceSecret: SECRET })),
      { name: "fuzz", origin: "local" },
    );
    await desk.addFirmware({ productId: PRODUCT, version: "2.0.0", path });
    await desk.addFirmware({ productId: PRODUCT, version: "mcu_2.0.0", path, manifest: { component: "mcu" } });
    const { transactions } = state;
    for (const version of ["2.0.0", "mcu_2.0.0"]) {
      const selection = { kind: "list", deviceNames: ["light", "sub"] } as const;
      await desk.upgrade({ productId: PRODUCT, version, selection });
    }
    await rollout.idle();
    const offered: Pick<NewTask, "state" | "open" | "inFlight" | "attempt" | "deadlineAt"> = {
      state: "offered",
      open: 1,
      inFlight: 1,
      attempt: 1,
      deadlineAt: transactions.nowMs() + 86_400_000,
    };
    await transactions.run(async ({ tables }) => {
      const plans = await tables.plans.list();
      for (const { id } of plans) {
        for (const task of await tables.taskLists.ofPlan(id)) {
          await tables.tasks.update(task.id, offered);
          this.#tasks = [...this.#tasks, { ...task, ...offered } as Task];
        }
      }
    });
  }

  #onPublish(topic: string, payload: string): void {
    if (topic === `$ota/update/${PRODUCT}/gate` && payload.includes('"report_version_rsp"')) this.#answered = true;
  }
}
