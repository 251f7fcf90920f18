import type { FaultList } from "./faults/fault-list.js";
import type { FileSource } from "./files/file-server.js";
import { Desk } from "./operator/desk.js";
import type { OperatorContext } from "./operator/context.js";
import { atRest, type Condition } from "./operator/health.js";
import { FleetOperator } from "./operator/operator.js";
import type { GatewayFaults } from "./platform/gateway-faults.js";
import { Platform } from "./platform/platform.js";
import { Sessions } from "./platform/sessions.js";
import type { Reachable } from "./rollout/offers.js";
import { Rollout } from "./rollout/rollout.js";
import { storedFiles } from "./rollout/served-files.js";
import { type OpenState, openState } from "./state.js";

/** What a core needs from the servers around it. */
export interface CoreOptions {
  readonly state: OpenState;
  readonly urlLifetimeSec: number;
  fileBase(): string | undefined;
  publish(topic: string, payload: string): void;
  /** Whether a device is connected and subscribed to its updates. */
  isOnline(device: Reachable, sessions: Sessions): boolean;
  endDownloads(taskId: number): void;
  readonly keepEventsMs?: number | undefined;
  readonly gatewayFaults?: GatewayFaults | undefined;
  readonly faults?: FaultList | undefined;
  readonly condition?: Condition | undefined;
  onProblem?(line: string): void;
}

/** The cloud without its servers: platform, rollout and operator on one state. */
export class Core {
  readonly state: OpenState;
  readonly sessions = new Sessions();
  readonly rollout: Rollout;
  readonly platform: Platform;
  readonly operator: FleetOperator;
  readonly desk: Desk;
  readonly files: FileSource;

  constructor(options: CoreOptions) {
    const { state, urlLifetimeSec, faults, gatewayFaults } = options;
    const { transactions, signingKey } = state;
    const { sessions } = this;
    const isOnline = (device: Reachable): boolean => options.isOnline(device, sessions);
    this.state = state;
    this.rollout = new Rollout({
      transactions,
      urlLifetimeSec,
      signingKey,
      faults,
      keepEventsMs: options.keepEventsMs,
      isOnline,
      fileBase: () => options.fileBase(),
      publish: (topic, payload) => options.publish(topic, payload),
      endDownloads: (taskId) => options.endDownloads(taskId),
      onProblem: (line) => options.onProblem?.(line),
    });
    this.platform = new Platform({
      transactions,
      rollout: this.rollout,
      sessions,
      publish: (topic, payload) => options.publish(topic, payload),
      gatewayFaults,
    });
    const context: OperatorContext = {
      transactions,
      rollout: this.rollout,
      platform: this.platform,
      sessions,
      files: state.files,
      signingKey,
      urlLifetimeSec,
      faults,
      isOnline,
      fileBase: () => options.fileBase(),
    };
    this.operator = new FleetOperator(
      context,
      options.condition ?? atRest(() => state.store.health),
      // What it has begun ends first: no other process would do it at once.
      options.condition === undefined ? () => this.rollout.idle().then(() => this.close()) : undefined,
    );
    this.desk = new Desk(this.operator, { name: "ota-cloud", origin: "local" });
    this.files = storedFiles({ transactions, terms: this.rollout.terms, folder: state.files, signingKey });
  }

  start(): Promise<void> {
    return this.rollout.start();
  }

  /** Ends the rollout, and releases the state. */
  async close(): Promise<void> {
    await this.rollout.close();
    await this.state.store.close();
  }
}

/** Opens a state that no cloud runs on: its devices are away, and what it decides is done when a cloud runs. */
export async function openAtRest(folder: string): Promise<Core> {
  const core = new Core({
    state: await openState(folder),
    urlLifetimeSec: 0,
    fileBase: () => undefined,
    publish: () => {},
    isOnline: () => false,
    endDownloads: () => {},
  });
  await core.rollout.reload();
  return core;
}
