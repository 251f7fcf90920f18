import type { Device, Timer, TlsOptions } from "../../hal/ports/index.js";
import { partitionArea } from "../staging/partition-area.js";
import { slotArea } from "../staging/slot-area.js";
import { forgetStaged } from "../staging/target.js";
import { StagingQueue } from "../staging/queue.js";
import type { UpdatePlans } from "../plans/plans.js";
import { OtaError } from "../errors.js";
import type { MqttSession } from "../mqtt/session.js";
import { encodeOperation } from "../protocol/gateway.js";
import { checkDeviceName, type DeviceName } from "../protocol/identity.js";
import { operationResultTopic, operationTopic } from "../protocol/topics.js";
import type { UpdateLimits } from "../update/driver.js";
import { type Guard, guardOf, type Guards } from "../update/guard.js";
import type { Unpacker } from "../update/unpacker.js";
import type { Refusals } from "../update/refusals.js";
import { Reporter } from "../update/reporter.js";
import type { State } from "../update/machine/types.js";
import { type BindOptions, bindProof } from "./bind-proof.js";
import { MessageHandler } from "./message-handler.js";
import { UpdateMarks } from "./update-marks.js";
import { SubDeviceEvents } from "./events.js";
import { Operations } from "./operations.js";
import { PublishQueue } from "./publish-queue.js";
import { FAREWELL_LENGTH, Sessions } from "./sessions.js";
import { isSameDevice, SubDevice, type SubDeviceEvent, type SubDeviceOptions } from "./sub-device.js";
import { subDeviceGate } from "./sub-device-gate.js";

export interface GatewayOptions {
  readonly device: Device;
  readonly session: MqttSession;
  /** The gateway's own. */
  readonly name: DeviceName;
  /** Images wait in the OTA slot that does not run, and not in the partition of their own. */
  readonly slot: boolean;
  readonly limits: UpdateLimits;
  readonly tls: TlsOptions;
  readonly installTimeoutMs: number;
  readonly messagesPerSecond: number;
  readonly refusals: Refusals;
  /** Absent without the part `seal`. */
  readonly guards?: Guards | undefined;
  /** Absent without the part `packages`. */
  readonly packages?: Unpacker | undefined;
  /** Absent as long as nobody uses plans. */
  plans(): UpdatePlans | undefined;
  /** That slot is about to be erased, and the own firmware's update is idle. */
  onSlotTaken(): void;
  onEvent(event: SubDeviceEvent): void;
}

/** Connects devices that have no connection of their own to the platform, and updates their firmware. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sessions: Sessions;
  readonly #operations: Operations;
  readonly #publishQueue: PublishQueue;
  readonly queue: StagingQueue<SubDevice>;
  /** `idle`: connected, and nothing to send so far. `up`: the topic of the platform's answers is subscribed. */
  #link: "down" | "idle" | "subscribing" | "up" = "down";
  #timer: Timer | undefined;
  readonly #marks: UpdateMarks;
  readonly #events: SubDeviceEvents;
  readonly #messages: MessageHandler;

  /** @throws HalError if storage cannot be read */
  constructor(options: GatewayOptions) {
    const { device, session, name, slot, limits, tls, installTimeoutMs, messagesPerSecond, plans, onSlotTaken } =
      options;
    const { clock } = device;
    this.#options = options;
    this.#publishQueue = new PublishQueue({
      session,
      clock,
      messagesPerSecond,
      next: () => this.#messages.answer() || this.#sessions.next(),
    });
    this.#operations = new Operations({ session, clock, topic: operationTopic(name) });
    const area = slot ? slotArea({ ...device, onTaken: onSlotTaken }) : partitionArea(device);
    this.queue = new StagingQueue<SubDevice>({
      device,
      limits,
      tls,
      installTimeoutMs,
      ...(options.packages && { packages: options.packages }),
      area,
      reporterOf: (sub) => this.#reporterOf(sub),
      gateOf: (sub) =>
        subDeviceGate(sub, { clock, capacity: area.partition.byteLength, queue: this.queue, plans: plans() }),
      guardOf: (sub) => this.#guardOf(sub),
      onState: (sub, state, event) => {
        if (state !== undefined) plans()?.noteDeviceStep(sub.productId, state);
        this.#events.onStep(sub, state, event);
      },
      onInstalling: (sub, { version, size }, bytes) =>
        this.#events.tell(sub, { kind: "progress", step: "install", version, bytes, size }),
      onReported: (sub, version, result) => this.#events.tell(sub, { kind: "result", version, result }),
      onAsk: (sub) => this.#sessions.check(sub),
    });
    this.#sessions = new Sessions({
      session,
      clock,
      publishQueue: this.#publishQueue,
      operations: this.#operations,
      isUrgent: (sub) => sub.owner === this.queue.awaited || sub.mark === "queued" || sub.mark === "downloading",
      isBusy: (sub) => this.queue.serves(sub),
      onIntroduced: (sub) => this.#introduce(sub),
      onRefused: (sub, { code, message }) => {
        if (code === "not-bound") this.queue.left(sub);
        this.#events.tellState(sub, "refused", message);
      },
    });
    this.#marks = new UpdateMarks({ ...device, entries: this.#sessions.all });
    this.#events = new SubDeviceEvents({
      onEvent: (event) => options.onEvent(event),
      onMarked: () => this.#marks.changed(),
      onFailed: (sub) => this.#sessions.retry(sub),
    });
    this.#messages = new MessageHandler({
      sessions: this.#sessions,
      operations: this.#operations,
      publishQueue: this.#publishQueue,
      queue: this.queue,
      log: device.log,
      onRefused: (sub, version, reason) => options.refusals.report(this.#reporterOf(sub), sub.owner, version, reason),
    });
  }

  /** The sub-devices that were added. */
  get devices(): readonly DeviceName[] {
    return this.#sessions.all;
  }

  /**
   * Makes a sub-device known. Those that are added before the agent starts go on where the last boot left them.
   *
   * @throws OtaError `usage` for a wrong name, one that is known already, and `sealed` without the part `seal`
   */
  add(options: SubDeviceOptions): void {
    const { all } = this.#sessions;
    checkDeviceName(options);
    if (this.#sessions.find(options) !== undefined || isSameDevice(this.#options.name, options)) {
      throw new OtaError("usage", `${options.productId}/${options.deviceName} is known already`);
    }
    const productId = all.find((sub) => sub.productId === options.productId)?.productId ?? options.productId;
    const sub = new SubDevice(options, productId);
    if (sub.sealed) this.#guardOf(sub);
    all.push(sub);
    this.#wake();
  }

  /** @returns whether it was known */
  remove(name: DeviceName): boolean {
    const sub = this.#sessions.find(name);
    if (sub === undefined) return false;
    this.#sessions.remove(sub);
    this.queue.left(sub);
    this.#marks.changed();
    this.#events.tellState(sub, "offline");
    return true;
  }

  /**
   * A sub-device may be back, or run another version: asks it for its version and reports that.
   *
   * @returns whether it is known
   */
  check(name: DeviceName): boolean {
    const sub = this.#sessions.find(name);
    if (sub === undefined) return false;
    if (this.#link === "up") this.#sessions.check(sub);
    return true;
  }

  /**
   * Binds a sub-device to this gateway on the platform.
   *
   * @throws OtaError (rejects) `gateway-refused`, `mqtt-timeout`, `connection-lost`; `usage` without a secret or the
   * time
   */
  bind(options: BindOptions): Promise<void> {
    return this.#ask("bind", options, () => {
      const deviceSecret = options.deviceSecret ?? this.#sessions.find(options)?.deviceSecret;
      return bindProof({ ...options, deviceSecret }, this.#options.device);
    });
  }

  /** @throws OtaError (rejects) as for `bind` */
  unbind(name: DeviceName): Promise<void> {
    return this.#ask("unbind", name, () => undefined);
  }

  /** @returns the sub-devices that are bound to this gateway @throws OtaError (rejects) as for `bind` */
  describe(): Promise<readonly DeviceName[]> {
    return new Promise((resolve, reject) => {
      this.#checkLink();
      this.#publishQueue.send(
        this.#operations.describe((answer) => (answer instanceof OtaError ? reject(answer) : resolve(answer))),
      );
      this.#wake();
    });
  }

  /** @throws HalError if storage cannot be read */
  start(): void {
    this.#marks.load();
  }

  /** Reports the sub-devices as offline, if the connection takes the messages at once. */
  stop(): void {
    const { session, name } = this.#options;
    const heard = this.#sessions.all.filter(({ phase }) => phase !== "offline");
    this.queue.stop();
    for (let at = 0; this.#link === "up" && at < heard.length; at += FAREWELL_LENGTH) {
      session.publish(operationTopic(name), encodeOperation("offline", heard.slice(at, at + FAREWELL_LENGTH)));
    }
    this.disconnected();
    this.#marks.stop();
  }

  /** The gateway itself is connected, subscribed and not on trial. */
  connected(): void {
    if (this.#link !== "down") return;
    this.#link = "idle";
    if (this.#sessions.all.length > 0) this.#wake();
  }

  disconnected(): void {
    this.#link = "down";
    this.#timer?.cancel();
    this.#sessions.close();
    this.#publishQueue.close();
    this.#messages.close();
    this.#operations.close();
    this.queue.close();
  }

  /** The own firmware's update moved on. */
  onOwnState(name: State["name"]): void {
    const { slot } = this.#options;
    // A downloaded image may wait long for its installation. If images have a partition of their own, it blocks nobody.
    if (name === "idle" || (name === "ready" && !slot)) this.queue.firmware.end();
    else if (slot && name === "reporting") this.queue.firmware.take();
  }

  /** The own firmware's slot is about to be erased. */
  onOwnPrepare(): void {
    if (this.#options.slot) forgetStaged(this.#options.device.store);
  }

  /** @returns whether the topic is one of the gateway's */
  onMessage(topic: string, payload: Uint8Array): boolean {
    if (topic === operationResultTopic(this.#options.name)) {
      this.#messages.onOperation(payload);
      return true;
    }
    const [root, kind, productId = "", deviceName = ""] = topic.split("/");
    const sub = root === "$ota" && kind === "update" ? this.#sessions.find({ productId, deviceName }) : undefined;
    // A message that was on its way when the sub-device was unbound is dropped.
    if (sub?.subscribed) this.#messages.onDownlink(sub, payload);
    return sub !== undefined;
  }

  #ask(operation: "bind" | "unbind", device: DeviceName, proof: () => Parameters<Operations["ask"]>[3]): Promise<void> {
    return new Promise((resolve, reject) => {
      checkDeviceName(device);
      this.#checkLink();
      const settle = (error: OtaError | undefined): void => {
        if (error === undefined) this.#messages.onBinding(device, operation === "bind");
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#publishQueue.send(this.#operations.ask(operation, device, settle, proof()));
      this.#wake();
    });
  }

  #checkLink(): void {
    if (this.#link === "down") throw new OtaError("connection-lost", "not connected to the broker");
    if (this.#operations.full) {
      throw new OtaError("gateway-refused", "too many requests wait: try again after one of them");
    }
  }

  /** There is something to send. On each connection the topic of the answers is subscribed first. */
  #wake(): void {
    if (this.#link === "up") this.#publishQueue.run();
    if (this.#link !== "idle") return;
    this.#link = "subscribing";
    this.#timer = this.#options.device.clock.timer("gateway", 0, () => this.#subscribe());
  }

  #subscribe(): void {
    const { session, name } = this.#options;
    session.subscribe(operationResultTopic(name), (granted) => {
      if (!granted) {
        session.drop(new OtaError("mqtt-refused", "broker refuses the gateway's subscription"));
        return;
      }
      this.#link = "up";
      this.#sessions.open();
      this.queue.open();
      this.#publishQueue.open();
    });
  }

  #guardOf({ owner, productId, sealed }: SubDevice): Guard | undefined {
    return guardOf(this.#options.guards, { owner, product: productId, required: sealed });
  }

  #introduce(sub: SubDevice): void {
    const { version } = sub;
    // A result comes before the version, or the platform would offer the same update once more.
    const spoken = this.queue.arrived(sub);
    this.#events.tellState(sub, version === undefined ? "absent" : "online");
    if (spoken) return;
    // A mark of an earlier boot is over: an offer begins the update anew.
    if (sub.mark !== "done" && sub.mark !== "failed" && !this.queue.holds(sub)) this.#events.mark(sub, "none");
    if (version !== undefined) this.#reporterOf(sub).version(version, () => {});
  }

  #reporterOf(sub: SubDevice): Reporter {
    return new Reporter({
      session: this.#publishQueue,
      device: sub,
      log: this.#options.device.log,
      isOnline: () => true,
    });
  }
}
