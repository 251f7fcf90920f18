import type { BootStatus, Device } from "../../hal/ports/index.js";
import type { ApplicationMqtt } from "../application-mqtt/application-mqtt.js";
import { CheckIn } from "./version-check.js";
import type { Components, ComponentsOptions } from "../components/components.js";
import type { PlansPart } from "../components/part.js";
import type { Plan } from "../plans/plan.js";
import type { UpdateControl } from "../control/control.js";
import type { ControlPart } from "../control/part.js";
import type { FirmwarePlans } from "../plans/firmware-plans.js";
import { type OtaConfig, type ResolvedConfig, resolveConfig } from "./config.js";
import { OtaError } from "../errors.js";
import type { Gateway } from "../gateway/gateway.js";
import type { GatewayPart } from "../gateway/part.js";
import { type AgentEvents, Listeners } from "./events.js";
import { printable } from "../lib/text.js";
import { PublishTurns } from "../mqtt/publish-turns.js";
import type { MqttSession } from "../mqtt/session.js";
import { type AgentParts, missing } from "./parts.js";
import { platformSession } from "./platform-session.js";
import { isVersion } from "../protocol/messages.js";
import { progressOf } from "../update/machine/progress-of.js";
import { versionOf } from "../update/machine/version-of.js";
import { UpdateDriver } from "../update/driver.js";
import type { Gate } from "../update/target.js";
import { Refusals } from "../update/refusals.js";
import { Reporter } from "../update/reporter.js";
import { SlotTarget } from "../update/slot-target.js";
import type { Event, State } from "../update/machine/types.js";

/** The firmware-update agent of one device. */
export class OtaAgent {
  readonly #device: Device;
  readonly #config: ResolvedConfig;
  readonly #version: string;
  readonly #listeners: Listeners;
  readonly #session: MqttSession;
  readonly #publisher: PublishTurns;
  readonly #reporter: Reporter;
  readonly #control: UpdateControl | undefined;
  readonly #mqtt: ApplicationMqtt | undefined;
  readonly #refusals = new Refusals();
  readonly #gateway: Gateway | undefined;
  readonly #plans: PlansPart | undefined;
  readonly #firmwarePlans: FirmwarePlans | undefined;
  readonly #checkIn: CheckIn<Plan>;
  #components: Components | undefined;
  #driver: UpdateDriver;
  #stateName: State["name"];
  /** Connected, and the update topic is subscribed. */
  #online = false;
  #started = false;
  #stopped = false;

  /**
   * @throws OtaError `usage` for a wrong setting, and one whose part is missing
   * @throws HalError if the board's storage cannot be read
   */
  constructor(options: { device: Device; config: OtaConfig; parts?: AgentParts }) {
    const { config, parts = {} } = options;
    const { log, http } = options.device;
    // Each line of the agent and of its parts goes through this gate: peers have a part in what it says.
    const device: Device = {
      ...options.device,
      log: (level, area, message) => log(level, area, () => printable(message())),
    };
    const boot = device.boot.status();
    this.#device = device;
    this.#config = resolveConfig(config);
    http.userAgent = this.#config.userAgent;
    this.#listeners = new Listeners(device.log);
    this.#version = config.version ?? boot.runningVersion;
    if (!isVersion(this.#version)) {
      throw new OtaError("usage", "the running version is not 1 to 32 of [A-Za-z0-9._-]: set `version`");
    }
    if (this.#version !== boot.runningVersion) {
      device.log(
        "warn",
        "update",
        () => `reports ${this.#version}, runs ${boot.runningVersion}: versions of images are not checked`,
      );
    }
    this.#session = this.#createSession();
    this.#publisher = new PublishTurns(this.#session, device.clock);
    this.#reporter = new Reporter({
      session: this.#publisher,
      device: this.#config.identity,
      log: device.log,
      isOnline: () => this.#online,
    });
    this.#checkIn = this.#createCheckIn();
    this.#control = this.#createControl(parts.control);
    this.#mqtt = parts.mqtt?.({ ...device, session: this.#session });
    this.#gateway = this.#createGateway(parts.gateway);
    this.#plans = parts.plans;
    this.#firmwarePlans = this.#createFirmwarePlans(boot);
    this.#driver = this.#createDriver(boot);
    this.#stateName = this.#driver.state.name;
    this.#gateway?.onOwnState(this.#stateName);
    if (config.policy !== undefined) this.#neededPlans().use();
  }

  /** The version that is reported. */
  get version(): string {
    return this.#version;
  }

  get state(): State["name"] {
    return this.#stateName;
  }

  /**
   * For devices that have no connection of their own. @throws OtaError `usage` if the configuration has no `gateway`
   */
  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new OtaError("usage", "no gateway: set `gateway` in the configuration");
    return this.#gateway;
  }

  /** What an application itself decides about updates. @throws OtaError `usage` without the part `control` */
  get control(): UpdateControl {
    if (this.#control === undefined) throw missing("control");
    return this.#control;
  }

  /** The application's own messages over the agent's connection. @throws OtaError `usage` without the part `mqtt` */
  get mqtt(): ApplicationMqtt {
    if (this.#mqtt === undefined) throw missing("mqtt");
    return this.#mqtt;
  }

  /** @throws OtaError `usage` after `stop` */
  start(): void {
    if (this.#stopped) throw new OtaError("usage", "a stopped agent does not start again: make a new one");
    this.#started = true;
    this.#gateway?.start();
    // Components may have been added since the driver was made.
    this.#driver.gate = this.#gateOf();
    this.#control?.start();
    this.#driver.start();
    this.#session.start();
    this.#checkIn.start();
  }

  /** Disconnects and stops all work. What is stored stays: a later agent goes on from there. */
  stop(): void {
    this.#stopped = true;
    this.#checkIn.stop();
    this.#control?.stop();
    this.#driver.stop();
    this.#disconnect();
    this.#online = false;
  }

  #disconnect(): void {
    this.#gateway?.stop();
    this.#components?.stop();
    this.#mqtt?.disconnected();
    this.#publisher.close();
    this.#session.stop();
  }

  /** @throws OtaError `usage` for `plan` without the part `plans` */
  on<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    const firmwarePlans = name === "plan" ? this.#neededPlans() : undefined;
    this.#listeners.add(name, listener);
    firmwarePlans?.use();
  }

  /** Does nothing if the listener was not added. */
  off<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    this.#listeners.remove(name, listener);
  }

  /**
   * Reports the version now: the platform then offers what it has.
   *
   * @returns the plan, also of an update that is under way; `undefined` if there is none
   * @throws OtaError `usage` without the part `plans`; (rejects) `unreachable` without a connection
   */
  checkForUpdate(): Promise<Plan | undefined> {
    return this.#neededPlans().check();
  }

  /**
   * Images that were declined are asked about again when they are offered again: all of them, also of sub-devices and
   * components.
   *
   * @throws OtaError `usage` without the part `plans`
   */
  forgetDeclined(): void {
    this.#neededPlans().forgetDeclined();
  }

  /**
   * Other parts of the device than the firmware that runs the agent. They are made with the first use of this property:
   * a board without components needs no staging partition. Add components before the agent starts: what is offered
   * before a component is known would be taken for the own firmware's.
   *
   * @throws OtaError `usage` once the agent was started, without the part `plans`, and on a gateway: there a component
   *   is a sub-device
   * @throws HalError if the board has no staging partition, or storage cannot be read
   */
  get components(): Components {
    if (this.#gateway !== undefined) {
      throw new OtaError("usage", "components of a gateway are added as its sub-devices");
    }
    if (this.#started) throw new OtaError("usage", "components are added before the agent starts");
    if (this.#plans === undefined) throw missing("plans");
    return (this.#components ??= this.#createComponents(this.#plans));
  }

  /** Does nothing in a state in which `online` means more than to report the version. */
  #reportOwn(): void {
    const { name } = this.#driver.state;
    if (!this.#online || name === "applying" || name === "confirming" || name === "reporting") return;
    this.#driver.dispatch({ type: "online" });
  }

  /** The own firmware's updates take turns with what waits in the staging area. */
  #gateOf(): Gate | undefined {
    const planGate = this.#firmwarePlans?.gate;
    const gate = this.#control?.gate(planGate) ?? planGate;
    const queue = this.#gateway?.queue ?? this.#components?.queue;
    return queue?.firmware.gate(gate) ?? gate;
  }

  #neededPlans(): FirmwarePlans {
    if (this.#firmwarePlans === undefined) throw missing("plans");
    return this.#firmwarePlans;
  }

  #createSession(): MqttSession {
    return platformSession({
      device: this.#device,
      config: this.#config,
      onOnline: () => {
        this.#online = true;
        this.#mqtt?.connected();
        this.#refusals.clear();
        this.#listeners.tell("connection", { online: true });
        this.#driver.dispatch({ type: "online" });
        if (this.#stateName !== "confirming") this.#onProven();
      },
      onOffline: ({ code, message }) => {
        this.#online = false;
        this.#publisher.close();
        this.#gateway?.disconnected();
        this.#components?.disconnected();
        this.#mqtt?.disconnected();
        this.#listeners.tell("connection", { online: false, code, message });
      },
      onOffer: (offer) => {
        if (this.#components?.onOffer(offer) === true) return;
        this.#device.log("info", "update", () => `offered version ${offer.version}, ${offer.size} bytes`);
        this.#driver.dispatch({ type: "offer-received", offer });
      },
      onRefused: (version, reason) => this.#onRefused(version, reason),
      onAnswer: (answer) => this.#listeners.tell("answer", answer),
      onOther: (topic, payload) =>
        this.#gateway?.onMessage(topic, payload) === true || this.#mqtt?.onMessage(topic, payload) === true,
    });
  }

  /** A job of that version, and what runs already, report their own end. A firmware on trial takes no offer. */
  #onRefused(version: string, reason: string): void {
    const { state } = this.#driver;
    if (state.name === "confirming" || version === this.#version) return;
    if ((state.name !== "idle" && version === versionOf(state)) || this.#components?.isAbout(version) === true) return;
    this.#refusals.report(this.#reporter, "", version, reason);
  }

  #createCheckIn(): CheckIn<Plan> {
    return new CheckIn({
      ...this.#device,
      everyMs: this.#config.checkEveryMs,
      isOnline: () => this.#online,
      isBusy: () => this.#driver.state.name !== "idle",
      current: () => this.#firmwarePlans?.current() ?? this.#components?.current(),
      report: () => this.#driver.dispatch({ type: "online" }),
    });
  }

  #createControl(part: ControlPart | undefined): UpdateControl | undefined {
    return part?.({
      device: this.#device,
      session: this.#session,
      reporter: this.#reporter,
      listeners: this.#listeners,
      version: this.#version,
      driver: () => this.#driver,
      isOnline: () => this.#online,
      restart: () => {
        this.stop();
        // As before each restart of its own: the firmware that boots next connects at once.
        const waitMs = Math.max(0, this.#session.connectWaitMs);
        this.#device.clock.timer("restart", waitMs, () => this.#device.boot.restart());
      },
    });
  }

  #createFirmwarePlans(boot: BootStatus): FirmwarePlans | undefined {
    const { policy, downloadTls } = this.#config;
    return this.#plans?.firmware({
      device: this.#device,
      boot,
      version: this.#version,
      policy,
      checkIn: this.#checkIn,
      tls: downloadTls,
      driver: () => this.#driver,
      hasListener: () => this.#listeners.has("plan"),
      onPlan: (plan) => this.#listeners.tell("plan", plan),
      onGate: () => (this.#driver.gate = this.#gateOf()),
      dependencies: () => this.#components?.ownDependencies,
    });
  }

  #createComponents(part: PlansPart): Components {
    return part.components({
      ...this.#config.components,
      ...this.#shared(),
      session: this.#publisher,
      plans: this.#neededPlans().use(),
      ownOffer: () => {
        const { state } = this.#driver;
        return state.name === "offered" || state.name === "ready" ? state.offer : undefined;
      },
      reportOwn: () => this.#reportOwn(),
      onEvent: (event) => this.#listeners.tell("component", event),
    });
  }

  #createDriver(boot: BootStatus): UpdateDriver {
    const device = this.#device;
    return new UpdateDriver({
      device,
      target: new SlotTarget({
        boot: device.boot,
        status: boot,
        checksVersion: this.#version === boot.runningVersion,
        log: device.log,
        onPrepare: () => this.#gateway?.onOwnPrepare(),
      }),
      runningVersion: this.#version,
      gate: this.#gateOf(),
      selfTest: this.#config.selfTest,
      reporter: this.#reporter,
      limits: this.#config.limits,
      tls: this.#config.downloadTls,
      onStep: (state, event) => this.#onStep(state, event),
      onReported: (version, result) => {
        this.#listeners.tell("result", { version, result });
        if (result.outcome === "done") this.#checkInstalled(version);
      },
      // The firmware that boots next connects at once.
      onRestart: () => {
        this.#disconnect();
        return this.#session.connectWaitMs;
      },
    });
  }

  /** The platform offers a version again and again to a firmware that was made from it and reports another. */
  #checkInstalled(installed: string): void {
    const reported = this.#version;
    if (installed === reported) return;
    this.#device.log(
      "warn",
      "update",
      () => `version ${installed} is installed and reports ${reported}: raise \`config.version\`, or leave it out`,
    );
    this.#listeners.tell("version-mismatch", { installed, reported });
  }

  /** What the agent hands to its parts. */
  #shared(): Pick<ComponentsOptions, "device" | "name" | "limits" | "tls"> {
    const { identity, limits, downloadTls } = this.#config;
    return { device: this.#device, name: identity, limits, tls: downloadTls };
  }

  #createGateway(part: GatewayPart | undefined): Gateway | undefined {
    const { gateway } = this.#config;
    if (gateway === undefined) return undefined;
    if (part === undefined) throw missing("gateway");
    return part({
      ...gateway,
      ...this.#shared(),
      refusals: this.#refusals,
      session: this.#session,
      plans: () => this.#firmwarePlans?.plans,
      onSlotTaken: () => {
        this.#control?.slotTaken();
        // The kept part of an own download is about to be erased: a new driver forgets it. A waiting offer stays.
        const { state } = this.#driver;
        this.#driver.stop();
        this.#driver = this.#createDriver(this.#device.boot.status());
        this.#driver.start();
        if (state.name === "offered") this.#driver.dispatch({ type: "offer-received", offer: state.offer });
      },
      onEvent: (event) => this.#listeners.tell("subdevice", event),
    });
  }

  /** Connected, and not on trial. */
  #onProven(): void {
    this.#gateway?.connected();
    this.#components?.connected();
  }

  #onStep(state: State, event: Event | undefined): void {
    const from = this.#stateName;
    this.#stateName = state.name;
    this.#firmwarePlans?.noteStep(from, state, event);
    if (from !== state.name) {
      this.#listeners.tell("state", { from, to: state.name, version: versionOf(state) });
      this.#gateway?.onOwnState(state.name);
      if (state.name === "idle" || state.name === "ready") this.#components?.queue.firmware.end();
      if (from === "confirming" && this.#online) this.#onProven();
    }
    const progress = progressOf(state, event);
    if (progress !== undefined) this.#listeners.tell("progress", progress);
  }
}
