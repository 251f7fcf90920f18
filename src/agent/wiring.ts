import type { BootStatus, Device, Log } from "../../hal/ports/index.js";
import type { ApplicationMqtt } from "../application-mqtt/application-mqtt.js";
import type { Components } from "../components/components.js";
import type { ComponentsOptions } from "../components/options.js";
import type { PlansPart } from "../components/part.js";
import type { UpdateControl } from "../control/control.js";
import { OtaError } from "../errors.js";
import type { Gateway } from "../gateway/gateway.js";
import { withUserAgent } from "../http/user-agent.js";
import { printable } from "../lib/text.js";
import { PublishTurns } from "../mqtt/publish-turns.js";
import type { MqttSession } from "../mqtt/session.js";
import type { FirmwarePlans } from "../plans/firmware-plans.js";
import type { Plan } from "../plans/plan.js";
import type { Offer, VersionAnswer } from "../protocol/messages.js";
import type { Event, State } from "../update/machine/types.js";
import { versionOf } from "../update/machine/version-of.js";
import type { Guards } from "../update/guard.js";
import type { Unpacker } from "../update/unpacker.js";
import { Refusals } from "../update/refusals.js";
import { Reporter } from "../update/reporter.js";
import type { Gate } from "../update/target.js";
import { type OtaConfig, type ResolvedConfig, resolveConfig } from "./config.js";
import { Listeners } from "./events.js";
import { type FirmwareSurroundings, OwnFirmware } from "./own-firmware.js";
import { type AgentParts, missing } from "./parts.js";
import { warningOfPlain, warnOfPlain } from "./plain-link.js";
import { type PlatformHandler, platformSession } from "./platform-session.js";
import { reportedVersion } from "./reported-version.js";
import { type CheckedUpdate, CheckIn } from "./version-check.js";

export interface WiringOptions {
  readonly device: Device;
  readonly config: OtaConfig;
  readonly parts?: AgentParts;
}

/** Makes what an agent consists of, and hands on to each what the others meet. */
export class Wiring implements PlatformHandler, FirmwareSurroundings, CheckedUpdate<Plan> {
  readonly #device: Device;
  readonly #config: ResolvedConfig;
  readonly #parts: AgentParts;
  readonly #boot: BootStatus;
  readonly version: string;
  readonly listeners: Listeners;
  readonly #session: MqttSession;
  readonly #publisher: PublishTurns;
  readonly #reporter: Reporter;
  readonly #refusals = new Refusals();
  readonly #checkIn: CheckIn<Plan>;
  readonly #guards: Guards | undefined;
  readonly #packages: Unpacker | undefined;
  readonly firmware: OwnFirmware;
  readonly control: UpdateControl | undefined;
  readonly mqtt: ApplicationMqtt | undefined;
  readonly gateway: Gateway | undefined;
  #firmwarePlans: FirmwarePlans | undefined;
  #components: Components | undefined;
  /** Connected, and the update topic is subscribed. */
  isOnline = false;
  #started = false;
  #stopped = false;

  /**
   * @throws OtaError `usage` for a wrong setting, and one whose part is missing
   * @throws HalError if the board's storage cannot be read
   */
  constructor({ device: { log, http, ...board }, config, parts = {} }: WiringOptions) {
    this.#config = resolveConfig(config);
    // Each line of the agent and of its parts goes through this gate: peers have a part in what it says.
    const printing: Log = (level, area, message) => log(level, area, () => printable(message()));
    const device: Device = {
      ...board,
      // A seal holds whatever the way to the file is.
      http: warningOfPlain(
        withUserAgent(http, this.#config.userAgent),
        printing,
        () => this.#guards?.allNeedSeals === true,
      ),
      log: printing,
    };
    const boot = device.boot.status();
    this.#device = device;
    this.#parts = parts;
    this.#boot = boot;
    this.listeners = new Listeners(device.log);
    this.version = reportedVersion(config.version, boot, device.log);
    this.#session = platformSession({ device, config: this.#config, handler: this });
    this.#publisher = new PublishTurns(this.#session, device.clock);
    this.#reporter = new Reporter({
      session: this.#publisher,
      device: this.#config.identity,
      log: device.log,
      isOnline: () => this.isOnline,
    });
    this.#checkIn = new CheckIn({
      clock: device.clock,
      random: device.random,
      everyMs: this.#config.checkEveryMs,
      update: this,
    });
    this.#packages = parts.packages?.({ device });
    this.#guards = this.#createGuards();
    this.firmware = new OwnFirmware({
      device,
      config: this.#config,
      boot,
      version: this.version,
      reporter: this.#reporter,
      listeners: this.listeners,
      guard: this.#guards?.firmware,
      packages: this.#packages,
      surroundings: this,
    });
    this.control = this.#createControl();
    this.mqtt = parts.mqtt?.({ ...device, session: this.#session });
    this.gateway = this.#createGateway();
    this.gateway?.onOwnState(this.firmware.stateName);
    if (config.policy !== undefined) this.plans().use();
  }

  /** @throws OtaError `usage` after `stop` */
  start(): void {
    if (this.#stopped) throw new OtaError("usage", "a stopped agent does not start again: make a new one");
    this.#started = true;
    const { host, tls } = this.#config.server;
    if (tls === undefined) warnOfPlain(this.#device.log, "mqtt", host);
    this.gateway?.start();
    this.control?.start();
    if (!this.firmware.onTrial) this.#guards?.confirmed();
    this.firmware.start();
    this.#session.start();
    this.#checkIn.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#checkIn.stop();
    this.control?.stop();
    this.firmware.driver.stop();
    this.#disconnect();
    this.isOnline = false;
  }

  #disconnect(): void {
    this.gateway?.stop();
    this.#components?.stop();
    this.mqtt?.disconnected();
    this.#publisher.close();
    this.#session.stop();
  }

  /** Made with the first use. @throws OtaError `usage` without the part `plans`, or for a wrong policy */
  plans(): FirmwarePlans {
    return (this.#firmwarePlans ??= this.#createFirmwarePlans());
  }

  /** @throws OtaError `usage` once the agent was started, without the part `plans`, and on a gateway */
  components(): Components {
    if (this.gateway !== undefined) {
      throw new OtaError("usage", "components of a gateway are added as its sub-devices");
    }
    if (this.#started) throw new OtaError("usage", "components are added before the agent starts");
    return (this.#components ??= this.#createComponents());
  }

  onOnline(): void {
    this.isOnline = true;
    this.mqtt?.connected();
    this.#refusals.clear();
    this.listeners.tell("connection", { online: true });
    this.firmware.online();
    if (!this.firmware.onTrial) this.#onProven();
  }

  onOffline({ code, message }: OtaError): void {
    this.isOnline = false;
    this.#publisher.close();
    this.gateway?.disconnected();
    this.#components?.disconnected();
    this.mqtt?.disconnected();
    this.listeners.tell("connection", { online: false, code, message });
  }

  onOffer(offer: Offer): void {
    if (this.#components?.onOffer(offer) !== true) this.firmware.offered(offer);
  }

  onRefused(version: string, reason: string): void {
    if (this.firmware.answersFor(version) || this.#components?.isAbout(version) === true) return;
    this.#refusals.report(this.#reporter, "", version, reason);
  }

  onAnswer(answer: VersionAnswer): void {
    this.listeners.tell("answer", answer);
  }

  onOther(topic: string, payload: Uint8Array): boolean {
    return this.gateway?.onMessage(topic, payload) === true || this.mqtt?.onMessage(topic, payload) === true;
  }

  get isBusy(): boolean {
    return this.firmware.driver.state.name !== "idle";
  }

  current(): Plan | undefined {
    return this.#firmwarePlans?.current() ?? this.#components?.current();
  }

  report(): void {
    this.firmware.online();
  }

  /** The own firmware's updates take turns with what waits in the staging area. */
  firmwareGate(): Gate | undefined {
    const planGate = this.#firmwarePlans?.gate;
    const gate = this.control?.gate(planGate) ?? planGate;
    const queue = this.gateway?.queue ?? this.#components?.queue;
    const inner = queue?.firmware.gate(gate) ?? gate;
    return this.#guards?.firmware.gate(inner) ?? inner;
  }

  slotPrepared(): void {
    this.gateway?.onOwnPrepare();
  }

  firmwareStepped(from: State["name"], state: State, event: Event | undefined): void {
    this.#firmwarePlans?.noteStep(from, state, event);
    if (event?.type === "confirmed") this.#guards?.confirmed();
    if (from === state.name) return;
    this.listeners.tell("state", { from, to: state.name, version: versionOf(state) });
    this.gateway?.onOwnState(state.name);
    if (state.name === "idle" || state.name === "ready") this.#components?.queue.firmware.end();
    if (from === "confirming" && this.isOnline) this.#onProven();
  }

  /** The firmware that boots next connects at once. */
  beforeRestart(): number {
    this.#disconnect();
    return this.#session.connectWaitMs;
  }

  /** Connected, and not on trial. */
  #onProven(): void {
    this.gateway?.connected();
    this.#components?.connected();
  }

  #createGuards(): Guards | undefined {
    const config = this.#config;
    const part = this.#parts.seal;
    if (part === undefined && config.seal !== undefined) throw missing("seal");
    return part?.({ ...this.#shared(), config: config.seal, boot: this.#boot, version: this.version });
  }

  #createControl(): UpdateControl | undefined {
    return this.#parts.control?.({
      device: this.#device,
      session: this.#session,
      reporter: this.#reporter,
      listeners: this.listeners,
      version: this.version,
      driver: () => this.firmware.driver,
      isOnline: () => this.isOnline,
      rollbackFailure: () => this.#guards?.rollbackFailure(),
      restart: () => {
        this.stop();
        // As before each restart of its own: the firmware that boots next connects at once.
        const waitMs = Math.max(0, this.#session.connectWaitMs);
        this.#device.clock.timer("restart", waitMs, () => this.#device.boot.restart());
      },
    });
  }

  #neededPlansPart(): PlansPart {
    const { plans } = this.#parts;
    if (plans === undefined) throw missing("plans");
    return plans;
  }

  #createFirmwarePlans(): FirmwarePlans {
    const { policy, downloadTls } = this.#config;
    return this.#neededPlansPart().firmware({
      device: this.#device,
      boot: this.#boot,
      version: this.version,
      policy,
      checkIn: this.#checkIn,
      tls: downloadTls,
      driver: () => this.firmware.driver,
      hasListener: () => this.listeners.has("plan"),
      onPlan: (plan) => this.listeners.tell("plan", plan),
      onGate: () => this.firmware.renewGate(),
      dependencies: () => this.#components?.ownDependencies,
    });
  }

  #createComponents(): Components {
    return this.#neededPlansPart().components({
      ...this.#config.components,
      ...this.#shared(),
      session: this.#publisher,
      plans: this.plans().use(),
      ownOffer: () => this.firmware.waitingOffer,
      reportOwn: () => {
        if (this.isOnline) this.firmware.reportVersion();
      },
      onEvent: (event) => this.listeners.tell("component", event),
    });
  }

  /** What the agent hands to its parts. */
  #shared(): Pick<ComponentsOptions, "device" | "name" | "limits" | "tls" | "guards" | "packages"> {
    const { identity, limits, downloadTls } = this.#config;
    return {
      device: this.#device,
      name: identity,
      limits,
      tls: downloadTls,
      guards: this.#guards,
      packages: this.#packages,
    };
  }

  #createGateway(): Gateway | undefined {
    const { gateway } = this.#config;
    const part = this.#parts.gateway;
    if (gateway === undefined) return undefined;
    if (part === undefined) throw missing("gateway");
    return part({
      ...gateway,
      ...this.#shared(),
      refusals: this.#refusals,
      session: this.#session,
      plans: () => this.#firmwarePlans?.plans,
      onSlotTaken: () => {
        this.control?.slotTaken();
        this.firmware.leaveSlot();
      },
      onEvent: (event) => this.listeners.tell("subdevice", event),
    });
  }
}
