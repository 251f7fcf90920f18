import { RawConnection } from "./raw-connection.js";
import type { SeededRandom } from "./seed.js";

/** What the devices of one fleet share. */
export interface RawFleetOptions {
  /** Port of the broker; it may change with a restart of the cloud. */
  port(): number;
  readonly productId: string;
  /** In base64, the same for all of them. */
  readonly deviceSecret: string;
  readonly random: SeededRandom;
  /** Percents of the download that a device reports. */
  readonly percents: readonly number[];
  /** Reports that are on their way at a time. */
  readonly gate: Gate;
  /** Called for each offer that a device takes. */
  onOffer?(): void;
  /** Called for each report that was acknowledged. */
  onAcknowledged?(): void;
}

/** Lets through so many at a time. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  async through<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** A report, and how the cloud's history has it. */
interface Step {
  readonly payload: string;
  readonly event: string;
}

const RECONNECT_MS = 100;

/**
 * A device that takes one update by reports alone, over any number of connections. It repeats a report until it is
 * acknowledged, and writes down what was.
 */
export class RawDevice {
  readonly deviceName: string;
  /** The reports that were acknowledged, in their order, as the history of the cloud has them. */
  readonly acknowledged: string[] = [];
  readonly #fleet: RawFleetOptions;
  /** What the update ends with. */
  readonly #fails: boolean;
  #connection: RawConnection | undefined;
  #version: string;
  /** What is still to be reported of the update that was offered. */
  #steps: Step[] | undefined;
  #offered = (): void => {};
  readonly #offer = new Promise<void>((resolve) => {
    this.#offered = resolve;
  });
  #closed = false;

  constructor(fleet: RawFleetOptions, deviceName: string, fails = false) {
    this.#fleet = fleet;
    this.deviceName = deviceName;
    this.#fails = fails;
    this.#version = "1.0.0";
  }

  get outcome(): "succeeded" | "failed" | undefined {
    if (this.#steps?.length !== 0) return undefined;
    return this.#fails ? "failed" : "succeeded";
  }

  /** Connects if there is no connection, and reports the version that runs. It tries until the cloud is there. */
  async connect(): Promise<RawConnection> {
    while (!this.#closed) {
      try {
        // It may have ended before it was kept here.
        if (this.#connection?.isClosed === false) return this.#connection;
        const connection = await this.#fleet.gate.through(() => this.#open());
        this.#connection = connection;
        // A device that installs reports no version before the new one runs.
        if (this.#steps === undefined) await this.#report(connection, versionStep(this.#version));
        return connection;
      } catch {
        this.#connection = undefined;
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS * (1 + this.#fleet.random.fraction())));
      }
    }
    throw new Error("the device was closed");
  }

  /** Takes the update once it is offered, to its end. */
  async update(): Promise<void> {
    for (;;) {
      const connection = await this.connect();
      if (await this.#isOffered(connection)) break;
    }
    while (this.#steps !== undefined && this.#steps.length > 0) {
      const [step] = this.#steps;
      try {
        const connection = await this.connect();
        await this.#report(connection, step as Step);
        this.#steps.shift();
      } catch (error) {
        if (this.#closed) throw error;
      }
    }
  }

  /** Reports the version that runs, once more. */
  async reportVersion(): Promise<void> {
    await this.#report(await this.connect(), versionStep(this.#version));
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  #open(): Promise<RawConnection> {
    const { productId, deviceSecret } = this.#fleet;
    const { deviceName } = this;
    return RawConnection.open({
      port: this.#fleet.port(),
      productId,
      deviceName,
      deviceSecret,
      onMessage: (payload) => this.#onMessage(payload),
      onClosed: () => {
        this.#connection = undefined;
        this.#lost();
      },
    });
  }

  #lost = (): void => {};

  /** @returns `false` if the connection ended before an offer came */
  async #isOffered(connection: RawConnection): Promise<boolean> {
    if (this.#steps === undefined && !connection.isClosed) {
      await Promise.race([this.#offer, new Promise<void>((resolve) => (this.#lost = resolve))]);
    }
    return this.#steps !== undefined;
  }

  async #report(connection: RawConnection, step: Step): Promise<void> {
    await this.#fleet.gate.through(() => connection.report(step.payload));
    this.acknowledged.push(step.event);
    this.#fleet.onAcknowledged?.();
  }

  #onMessage(payload: string): void {
    const { type, version } = JSON.parse(payload) as { readonly type?: string; readonly version?: string };
    // A device that works on an update takes no second offer of it.
    if (type !== "update_firmware" || version === undefined || this.#steps !== undefined) return;
    const downloading = this.#fleet.percents.map((percent) => progressStep(version, "downloading", { percent }));
    this.#steps = this.#fails
      ? [...downloading, progressStep(version, "fail", { result_code: "-4", result_msg: "md5" })]
      : [...downloading, progressStep(version, "burning"), versionStep(version), progressStep(version, "done")];
    this.#fleet.onOffer?.();
    this.#offered();
  }
}

function versionStep(version: string): Step {
  return {
    payload: JSON.stringify({ type: "report_version", report: { version } }),
    event: `version-reported ${version}`,
  };
}

const EVENTS = {
  downloading: "download-reported",
  burning: "burn-reported",
  done: "done-reported",
  fail: "fail-reported",
};

function progressStep(
  version: string,
  state: keyof typeof EVENTS,
  more: { readonly [key: string]: unknown } = {},
): Step {
  const { percent } = more;
  return {
    payload: JSON.stringify({
      type: "report_progress",
      report: { version, progress: { state, result_code: "0", result_msg: "", ...more } },
    }),
    event: `${EVENTS[state]} ${version}${percent === undefined ? "" : ` ${String(percent)}`}`,
  };
}
