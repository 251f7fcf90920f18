import type { AgentEvents, OtaConfig } from "../../../src/index.js";
import type { BoardModules } from "../../ecma419/modules.js";
import type { Log, LogLevel } from "../../ports/index.js";
import type { AttachedComponent, AttachedSubDevice, BoardRegistration } from "../sim/main.js";
import type { Power } from "../sim/power.js";
import { XsAgent } from "./agent.js";
import { findWorker } from "./files.js";
import { CALL, COMMAND, encodeMessage, type MessageReader } from "./guest/messages.js";
import type { SubDeviceBus } from "../sub-device-link.js";
import { encodeSetup } from "./guest/setup.js";
import type { CallTable } from "./call-table.js";
import { HostModules } from "./host-modules.js";
import { guestProgram } from "./program.js";
import { XsWorker } from "./worker.js";

export interface XsFirmwareOptions {
  readonly config: OtaConfig;
  /**
   * If present, the board registers itself first, by the names of the identity in `config`, whose secret is none. If
   * the platform refuses, that is a crash.
   */
  readonly registration?: Omit<BoardRegistration, "onRefused"> | undefined;
  readonly log: Log;
  /** Lines of a lower level are not made in the engine. Default: `debug`, which means all lines. */
  readonly logLevel?: LogLevel;
  /** Sub-devices behind the board. If there are any, the board is a gateway. */
  readonly subDevices?: readonly AttachedSubDevice[];
  /** All of them use the link of the first one, so that a measurement counts the agent and not the links. */
  readonly sharesLink?: boolean;
  readonly components?: readonly AttachedComponent[];
  /** Whether the agent has the part `control`. */
  readonly control?: boolean;
  /** Whether it has the part `packages`. */
  readonly packages?: boolean;
  /** Whether the agent has the part `mqtt`. Default: it has. */
  readonly mqtt?: boolean;
  /** Whether the board decodes packages in C, as an ESP32 does; only with our own host. Default: in JavaScript. */
  readonly nativePackages?: boolean;
  /** A program that speaks the protocol of `xsnap-worker`. Default: the one that npm has built. */
  readonly worker?: {
    readonly binary: string;
    readonly args?: readonly string[];
    /** Path of a module that runs before the application. */
    readonly module?: string | undefined;
  };
  /**
   * Whether the agent is used as it was before it was minified: then its functions have their names, but it needs other
   * amounts of memory. Default: the agent as it ships.
   */
  readonly readable?: boolean;
  /** Whether the agent's events come out of the engine. Default: they do. */
  readonly tellsEvents?: boolean;
  /**
   * Called once the bundle is loaded, with the modules of that boot. The agent is made after the promise is fulfilled.
   */
  onLoaded?(worker: XsWorker, modules: BoardModules): Promise<void>;
  /** Called with what the engine counted during each command: see `XsWorkerOptions`. */
  onMeter?(json: string, command: Uint8Array): void;
  /** Called with the agent of each boot, before it starts. */
  onAgent?(agent: XsAgent): void;
  /**
   * Called if the engine ended by itself, with an `XsPanic` if a chip would restart. The board then does nothing until
   * the next power-on.
   */
  onCrash(error: Error): void;
}

/**
 * The application firmware of the simulated board on the XS engine: the bundle that ships. Each boot runs in a process
 * of its own, and a power cut kills that process.
 *
 * @throws XsMissing if no engine was built
 */
export function createXsFirmware(options: XsFirmwareOptions): (modules: BoardModules, power: Power) => void {
  const { binary, args, module } = options.worker ?? { binary: findWorker() };
  const program = guestProgram({ readable: options.readable === true });
  return (modules, power) => {
    const crash = (error: Error): undefined => {
      if (!power.on) return;
      power.cut();
      options.onCrash(error);
    };
    const send = (message: () => Uint8Array | undefined): Promise<Uint8Array | undefined> =>
      worker.command(message).catch(crash);
    let agent: XsAgent | undefined;
    let onRegistered: (deviceSecret: string, error: string) => void = () => {};
    const calls: CallTable = {
      [CALL.registered]: (call) => onRegistered(call.text(), call.text()),
      ...selfTestCall(options.config, (message) => void send(message)),
      ...agentCalls(options.log, () => agent),
      ...subDeviceCalls([...(options.components ?? []), ...(options.subDevices ?? [])]),
    };
    const host = new HostModules({ modules, post: (message) => void send(message), calls });
    const worker = new XsWorker({
      binary,
      ...(args === undefined ? {} : { args }),
      ...(options.onMeter === undefined ? {} : { onMeter: options.onMeter }),
      onCall: (call) => host.answer(call),
    });
    power.onCut(() => worker.kill());
    const boot = async (): Promise<void> => {
      if (module !== undefined) await worker.runModule(module);
      await worker.evaluate(program);
      await options.onLoaded?.(worker, modules);
      const { logLevel = "debug", log, tellsEvents = true, sharesLink = false } = options;
      const components = (options.components ?? []).map(
        ({ id, kind, minBatteryPercent, dependsOn, sealed, pauseMs }) => ({
          id,
          kind,
          minBatteryPercent,
          dependsOn,
          sealed,
          pauseMs,
        }),
      );
      const { Digest, platform, regionLength } = modules;
      const has = {
        hasDigest: Digest !== undefined,
        hasSignatures: platform.verifyP256 !== undefined,
        hasDecoder: options.nativePackages === true,
        hasSelfTest: options.config.selfTest !== undefined,
        hasControl: options.control === true,
        hasPackages: options.packages === true,
        hasMqtt: options.mqtt !== false,
      };
      const common = {
        logLevel,
        tellsEvents,
        ...has,
        regionLength,
        sharesLink,
        components,
      };
      const { registration } = options;
      let { config } = options;
      if (registration !== undefined) {
        const { productSecret, url, authority } = registration;
        const how = { productSecret, url, authority };
        const deviceSecret = await new Promise<string>((resolve, reject) => {
          onRegistered = (secret, error) => (error === "" ? resolve(secret) : reject(new Error(error)));
          void send(() => encodeSetup({ config, ...common, registration: how }, COMMAND.register));
        });
        config = { ...config, identity: { ...config.identity, authentication: { mode: "KEY", deviceSecret } } };
      }
      const setup = encodeSetup({ config, ...common });
      agent = new XsAgent({ log, send, created: await worker.command(() => setup) });
      for (const [index, { productId, deviceName, sealed }] of (options.subDevices ?? []).entries()) {
        const wire = components.length + index;
        await worker.command(() =>
          encodeMessage(COMMAND.addSubDevice, wire, productId, deviceName, sealed === true ? 1 : 0),
        );
      }
      options.onAgent?.(agent);
      await agent.start();
    };
    boot().catch(crash);
  };
}

/** The calls by which the agent in the engine reports: its log and its events. */
function agentCalls(log: Log, agent: () => XsAgent | undefined): CallTable {
  return {
    [CALL.log](call) {
      const [level, area, message] = [call.text() as LogLevel, call.text(), call.text()];
      log(level, area, () => message);
    },
    [CALL.agentEvent](call) {
      const name = call.text() as keyof AgentEvents | "plan-closed" | "control";
      agent()?.receive(name, JSON.parse(call.text()) as object);
    },
    [CALL.published](call) {
      agent()?.settle(call.number(), call.number() === 1);
    },
    [CALL.applicationMessage](call) {
      agent()?.hear(call.text(), call.text(), call.bytes().slice());
    },
    [CALL.settled]: (call) => agent()?.settled(call.number(), call.number(), call.text()),
  };
}

/** The application's own test of a firmware on trial. */
function selfTestCall({ selfTest }: OtaConfig, post: (message: () => Uint8Array) => void): CallTable {
  return {
    [CALL.selfTest](call) {
      const id = call.number();
      const tell = (holds: boolean): void => post(() => encodeMessage(COMMAND.selfTested, id, holds ? 1 : 0));
      Promise.resolve(selfTest?.() ?? false).then(tell, () => tell(false));
    },
  };
}

/** The wires to the sub-devices and components. */
function subDeviceCalls(buses: readonly SubDeviceBus[]): CallTable {
  const busOf = (call: MessageReader): SubDeviceBus => buses[call.number()] as SubDeviceBus;
  return {
    [CALL.subDeviceVersion](call) {
      const version = busOf(call).version();
      return version === undefined ? [] : [version];
    },
    [CALL.subDeviceWrite](call) {
      const [bus, md5, byteOffset] = [busOf(call), call.text(), call.number()];
      return [bus.write(md5, byteOffset, call.bytes()) ? 1 : 0];
    },
    [CALL.subDeviceFinish](call) {
      const reason = busOf(call).finish({ version: call.text(), md5: call.text(), size: call.number() });
      return reason === undefined ? [] : [reason];
    },
  };
}
