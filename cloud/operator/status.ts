import { versionOf } from "../rollout/task-dispatch.js";
import { wireVersion } from "../rollout/wire-version.js";
import type { Task } from "../store/schema.js";
import type { CloudStatus, DeviceName, DeviceStatus, FirmwareRecord, TaskRecord, TaskState } from "../types.js";
import type { OperatorContext } from "./context.js";
import { deviceViews } from "./device-views.js";
import { packageViews } from "./package-views.js";

const PIECE = 1000;

/** The words of the vendor's console for the states of a task. */
const STATES: { readonly [state: string]: TaskState } = {
  waiting: "to-push",
  offered: "pushed",
  asked: "pushed",
  downloading: "downloading",
  burning: "burning",
  trial: "burning",
  succeeded: "success",
  failed: "failed",
  declined: "failed",
  silent: "silent",
  cancelled: "cancelled",
  superseded: "cancelled",
};

/** The state of the whole cloud in the words of the vendor's console: the newest task of each device. */
export class StatusRequest {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async get(): Promise<CloudStatus> {
    return { firmwares: await this.#firmwares(), devices: await this.#devices() };
  }

  async #firmwares(): Promise<FirmwareRecord[]> {
    const { tables } = this.#context.transactions;
    const firmwares: FirmwareRecord[] = [];
    for (let after: number | undefined; ; ) {
      const found = await tables.packages.list(
        undefined,
        {},
        { limit: PIECE, ...(after === undefined ? {} : { after }) },
      );
      for (const { id, productId, component, version, files, requirements, state } of await packageViews(
        tables,
        found,
      )) {
        const [file] = files;
        if (file === undefined || state === "withdrawn") continue;
        firmwares.push({
          id,
          productId,
          version: wireVersion(component, version),
          size: file.size,
          md5: file.md5,
          ...(requirements === undefined ? {} : { manifest: requirements }),
        });
      }
      after = found.at(-1)?.id;
      if (found.length < PIECE) return firmwares;
    }
  }

  async #devices(): Promise<DeviceStatus[]> {
    const context = this.#context;
    const { tables } = context.transactions;
    const statuses: DeviceStatus[] = [];
    for (let after: number | undefined; ; ) {
      const rows = await tables.devices.list({}, { limit: PIECE, ...(after === undefined ? {} : { after }) });
      const tasks = new Map(
        (await tables.taskLists.latestOf(rows.map(({ id }) => id))).map((task) => [task.deviceId, task]),
      );
      for (const view of await deviceViews(context, rows)) {
        const { productId, deviceName, versions, online, gateway, lastSeenAt, id } = view;
        const task = tasks.get(id);
        const overRate = context.platform.overRate(view);
        const unansweredChanges = context.platform.gateways.unansweredChanges(view);
        const version = await this.#lastVersion(versions);
        statuses.push({
          productId,
          deviceName,
          ...(version === undefined ? {} : { version }),
          online,
          ...(gateway === undefined ? {} : { gateway }),
          ...(task === undefined ? {} : { task: await this.#task(view, task) }),
          ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
          ...(overRate === 0 ? {} : { overRate }),
          ...(unansweredChanges === 0 ? {} : { unansweredChanges }),
        });
      }
      after = rows.at(-1)?.id;
      if (rows.length < PIECE) return statuses;
    }
  }

  async #lastVersion(versions: { readonly [component: string]: string }): Promise<string | undefined> {
    const [[component, version] = []] = Object.entries(versions).sort(([one], [other]) =>
      one === "firmware" ? -1 : other === "firmware" ? 1 : 0,
    );
    return component === undefined || version === undefined ? undefined : wireVersion(component, version);
  }

  async #task({ productId, deviceName }: DeviceName, task: Task): Promise<TaskRecord> {
    const { rollout, transactions } = this.#context;
    const terms = await rollout.terms.of(transactions.tables, task.planId);
    const state = STATES[task.state] ?? "to-push";
    return {
      productId,
      deviceName,
      version: wireVersion(task.component, versionOf(terms, task)),
      state,
      ...(state === "downloading" ? { percent: task.percent ?? 0 } : {}),
      ...(state === "failed"
        ? { resultCode: task.state === "failed" ? (task.reason ?? "") : "-5", resultMessage: task.detail ?? "" }
        : {}),
    };
  }
}
