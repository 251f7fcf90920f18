import {
  type AgentEvents,
  type BoardModules,
  createDevice,
  type Device,
  type Installer,
  type Log,
  type LogLevel,
  OtaAgent,
  type OtaError,
} from "moddable-ota";
import { control } from "moddable-ota/control";
import { gateway } from "moddable-ota/gateway";
import { mqtt } from "moddable-ota/mqtt";
import { packages } from "moddable-ota/packages";
import { plans } from "moddable-ota/plans";
import { register } from "moddable-ota/registration";
import { seal } from "moddable-ota/seal";
import type { TimerModule, TlsConstructor } from "../../../ecma419/modules.js";
import { ApplicationMessages } from "./application-messages.js";
import { counted, Host } from "./host.js";
import { CALL, COMMAND, encodeMessage, MessageReader } from "./messages.js";
import {
  createDigest,
  createFlashModule,
  createKeyValueModule,
  createPlatform,
  createSubDeviceBus,
  createTimeModule,
  createTimerModule,
} from "./modules.js";
import { callControl } from "./control-calls.js";
import { PlanAnswers } from "./plan-answers.js";
import { decodeSetup, type Setup } from "./setup.js";
import { createSubDeviceLink } from "../../sub-device-link.js";
import { createTcp, createTls } from "./sockets.js";

const RANK: { readonly [Level in LogLevel]: number } = { error: 0, warn: 1, info: 2, debug: 3 };

const EVENTS: readonly (keyof AgentEvents)[] = [
  "state",
  "progress",
  "answer",
  "connection",
  "result",
  "refused",
  "subdevice",
  "component",
  "version-mismatch",
];

/** The SDK's TLS, if the engine has it, and the function that supplies its timer. Otherwise the host does the TLS. */
declare const sdk: { readonly TLS: TlsConstructor; use(timer: TimerModule): void } | undefined;

function noLink(): never {
  throw new Error("no agent");
}

/** There may be hundreds of sub-devices: what a link consists of is made while it is used. */
class SubDeviceLink implements Installer {
  readonly index: number;
  readonly linkTo: (index: number) => Installer;

  constructor(index: number, linkTo: (index: number) => Installer) {
    this.index = index;
    this.linkTo = linkTo;
  }

  version(): ReturnType<Installer["version"]> {
    return this.linkTo(this.index).version();
  }

  install(...args: Parameters<Installer["install"]>): unknown {
    return this.linkTo(this.index).install(...args);
  }
}

/** The firmware inside the engine: the agent and nothing else. */
class Firmware {
  readonly host = new Host();
  #board: { readonly modules: BoardModules; readonly device: Device } | undefined;
  #agent: OtaAgent | undefined;
  #plans: PlanAnswers | undefined;
  #messages: ApplicationMessages | undefined;
  #linkTo: (index: number) => Installer = noLink;
  #sharedLink: Installer | undefined;

  handle(message: MessageReader): string | undefined {
    switch (message.code) {
      case COMMAND.register:
        this.#register(decodeSetup(message));
        return undefined;
      case COMMAND.create:
        this.#agent = this.#create(decodeSetup(message));
        this.#messages = new ApplicationMessages({ host: this.host, agent: this.#agent });
        return this.#agent.state;
      case COMMAND.start:
        this.host.leave();
        this.#agent?.start();
        return this.#agent?.state;
      case COMMAND.stop:
        this.host.leave();
        this.#agent?.stop();
        return this.#agent?.state;
      case COMMAND.addSubDevice:
        this.#addSubDevice(message);
        return this.#agent?.state;
      case COMMAND.removeSubDevice:
        this.#agent?.gateway.remove({ productId: message.text(), deviceName: message.text() });
        return this.#agent?.state;
      case COMMAND.bind:
      case COMMAND.describe:
        this.#ask(message);
        return this.#agent?.state;
      case COMMAND.listenToPlans:
        if (this.#agent !== undefined) this.#plans = new PlanAnswers({ host: this.host, agent: this.#agent });
        return this.#agent?.state;
      case COMMAND.answerPlan:
        this.host.leave();
        this.#plans?.answer(message);
        return this.#agent?.state;
      case COMMAND.checkForUpdate:
        this.host.leave();
        void this.#agent?.checkForUpdate().catch(() => undefined);
        return this.#agent?.state;
      case COMMAND.control:
        this.host.leave();
        if (this.#agent !== undefined) callControl(this.host, this.#agent, message);
        return this.#agent?.state;
      case COMMAND.publish:
        this.host.leave();
        this.#messages?.publish(message);
        return this.#agent?.state;
      case COMMAND.subscribe:
        this.#messages?.subscribe(message);
        return this.#agent?.state;
      default:
        this.host.dispatch(message);
        return undefined;
    }
  }

  #register(setup: Setup): void {
    const { host } = this;
    const { productId, deviceName, region } = setup.config.identity;
    const { device } = this.#boardOf(setup);
    host.leave();
    register({ device, productId, deviceName, region, ...setup.registration }).then(
      ({ authentication }) =>
        void host.call(CALL.registered, authentication.mode === "KEY" ? authentication.deviceSecret : "", ""),
      (error: Error) => void host.call(CALL.registered, "", error.message),
    );
  }

  #boardOf(setup: Setup): { readonly modules: BoardModules; readonly device: Device } {
    if (this.#board !== undefined) return this.#board;
    const { host } = this;
    const modules: BoardModules = {
      flash: createFlashModule(host),
      regionLength: setup.regionLength,
      keyValue: createKeyValueModule(host),
      TCP: createTcp(host),
      TLS: sdk?.TLS ?? createTls(),
      Timer: createTimerModule(host),
      Time: createTimeModule(host),
      Digest: setup.hasDigest ? createDigest(host) : undefined,
      platform: createPlatform(host, setup),
    };
    sdk?.use(modules.Timer);
    const wanted = RANK[setup.logLevel];
    const log: Log = (level, area, message) => {
      if (RANK[level] <= wanted) host.call(CALL.log, level, area, message());
    };
    this.#board = { modules, device: createDevice(modules, log) };
    return this.#board;
  }

  #create(setup: Setup): OtaAgent {
    const { host } = this;
    const { modules, device } = this.#boardOf(setup);
    const config = setup.hasSelfTest ? { ...setup.config, selfTest: () => this.#selfTest() } : setup.config;
    const parts = {
      gateway,
      plans,
      control: setup.hasControl ? control : undefined,
      mqtt: setup.hasMqtt ? mqtt : undefined,
      seal: config.seal === undefined ? undefined : seal,
      packages: setup.hasPackages ? packages : undefined,
    };
    const agent = new OtaAgent({ device, config, parts });
    const linkTo = (index: number, pauseMs?: number): Installer =>
      createSubDeviceLink({ bus: createSubDeviceBus(host, index), Timer: modules.Timer, pauseMs });
    this.#linkTo = linkTo;
    if (setup.sharesLink) this.#sharedLink = linkTo(0);
    setup.components.forEach(({ pauseMs, ...component }, index) =>
      agent.components.add({ ...component, ...linkTo(index, pauseMs) }),
    );
    if (!setup.tellsEvents) return agent;
    for (const name of EVENTS) {
      agent.on(name, (event) => {
        // This listener belongs to the host, so what it costs is taken out of the counts.
        const before = counted();
        host.call(CALL.agentEvent, name, JSON.stringify(event));
        counted(before);
      });
    }
    return agent;
  }

  #addSubDevice(message: MessageReader): void {
    const [index, productId, deviceName] = [message.number(), message.text(), message.text()];
    const sealed = message.number() === 1;
    const link = this.#sharedLink ?? new SubDeviceLink(index, this.#linkTo);
    this.#agent?.gateway.add({ productId, deviceName, link, sealed });
  }

  #ask(message: MessageReader): void {
    const { host } = this;
    const id = message.number();
    const settle = (count: number, error?: Partial<OtaError>): void =>
      void host.call(CALL.settled, id, count, error?.code ?? "");
    const agent = this.#agent as OtaAgent;
    if (message.code === COMMAND.describe) {
      host.leave();
      agent.gateway.describe().then(
        ({ length }) => settle(length),
        (error: OtaError) => settle(0, error),
      );
      return;
    }
    const [productId, deviceName, deviceSecret] = [message.text(), message.text(), message.text()];
    host.leave();
    agent.gateway.bind({ productId, deviceName, deviceSecret }).then(
      () => settle(1),
      (error: OtaError) => settle(0, error),
    );
  }

  #selfTest(): Promise<boolean> {
    const { host } = this;
    return new Promise((resolve) => {
      const id = host.listen((message) => {
        host.forget(id);
        resolve(message.number() === 1);
      });
      host.call(CALL.selfTest, id);
    });
  }
}

const firmware = new Firmware();

/** The engine's process calls this for each message. */
export function handleCommand(message: ArrayBuffer): ArrayBuffer | undefined {
  const state = firmware.handle(new MessageReader(new Uint8Array(message)));
  return state === undefined ? undefined : encodeMessage(0, state).buffer;
}
