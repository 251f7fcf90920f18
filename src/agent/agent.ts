import type { Device } from "../../hal/ports/index.js";
import type { ApplicationMqtt } from "../application-mqtt/application-mqtt.js";
import type { Components } from "../components/components.js";
import type { UpdateControl } from "../control/control.js";
import { OtaError } from "../errors.js";
import type { Gateway } from "../gateway/gateway.js";
import type { Plan } from "../plans/plan.js";
import type { State } from "../update/machine/types.js";
import type { OtaConfig } from "./config.js";
import type { AgentEvents } from "./events.js";
import { type AgentParts, missing } from "./parts.js";
import { Wiring } from "./wiring.js";

/** The firmware-update agent of one device. */
export class OtaAgent {
  // An application may extend this class, which therefore has no other member of its own.
  readonly #wiring: Wiring;

  /**
   * @throws OtaError `usage` for a wrong setting, and one whose part is missing
   * @throws HalError if the board's storage cannot be read
   */
  constructor(options: { device: Device; config: OtaConfig; parts?: AgentParts }) {
    this.#wiring = new Wiring(options);
  }

  /** The version that is reported. */
  get version(): string {
    return this.#wiring.version;
  }

  get state(): State["name"] {
    return this.#wiring.firmware.stateName;
  }

  /**
   * For devices that have no connection of their own. @throws OtaError `usage` if the configuration has no `gateway`
   */
  get gateway(): Gateway {
    const { gateway } = this.#wiring;
    if (gateway === undefined) throw new OtaError("usage", "no gateway: set `gateway` in the configuration");
    return gateway;
  }

  /** What an application itself decides about updates. @throws OtaError `usage` without the part `control` */
  get control(): UpdateControl {
    const { control } = this.#wiring;
    if (control === undefined) throw missing("control");
    return control;
  }

  /** The application's own messages over the agent's connection. @throws OtaError `usage` without the part `mqtt` */
  get mqtt(): ApplicationMqtt {
    const { mqtt } = this.#wiring;
    if (mqtt === undefined) throw missing("mqtt");
    return mqtt;
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
    return this.#wiring.components();
  }

  /** @throws OtaError `usage` after `stop` */
  start(): void {
    this.#wiring.start();
  }

  /** Disconnects and stops all work. What is stored stays: a later agent goes on from there. */
  stop(): void {
    this.#wiring.stop();
  }

  /** @throws OtaError `usage` for `plan` without the part `plans` */
  on<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    const plans = name === "plan" ? this.#wiring.plans() : undefined;
    this.#wiring.listeners.add(name, listener);
    plans?.use();
  }

  /** Does nothing if the listener was not added. */
  off<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    this.#wiring.listeners.remove(name, listener);
  }

  /**
   * Reports the version now: the platform then offers what it has.
   *
   * @returns the plan, also of an update that is under way; `undefined` if there is none
   * @throws OtaError `usage` without the part `plans`; (rejects) `unreachable` without a connection
   */
  checkForUpdate(): Promise<Plan | undefined> {
    return this.#wiring.plans().check();
  }

  /**
   * Images that were declined are asked about again when they are offered again: all of them, also of sub-devices and
   * components.
   *
   * @throws OtaError `usage` without the part `plans`
   */
  forgetDeclined(): void {
    this.#wiring.plans().forgetDeclined();
  }
}
