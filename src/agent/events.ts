import type { Log } from "../../hal/ports/index.js";
import type { ComponentEvent } from "../components/component.js";
import type { Plan } from "../plans/plan.js";
import { describeError, type OtaErrorCode } from "../errors.js";
import type { SubDeviceEvent } from "../gateway/sub-device.js";
import type { Result, VersionAnswer } from "../protocol/messages.js";
import type { DownloadProgress } from "../update/machine/progress-of.js";
import type { State } from "../update/machine/types.js";

/** What an application can listen to. */
export interface AgentEvents {
  /** The update moved on. `version` is the one it is about, if there is one. */
  state: { readonly from: State["name"]; readonly to: State["name"]; readonly version: string | undefined };
  /** `bytes` of the image are in flash: at the start of each try, with its first block, and then for each 3 %. */
  progress: DownloadProgress;
  /** The platform answered a version report. */
  answer: VersionAnswer;
  /** Connected and subscribed, or no longer. */
  connection: { readonly online: boolean; readonly code?: OtaErrorCode; readonly message?: string };
  /** On a gateway: a sub-device, or its update, moved on. */
  subdevice: SubDeviceEvent;
  /**
   * An update that can be accepted, declined or deferred. A download waits for the listener's answer, unless the policy
   * says otherwise.
   */
  plan: Plan;
  /** The update of a component moved on. */
  component: ComponentEvent;
  /** An update of the own firmware was refused for its seal or its version. The platform is told the same. */
  refused: { readonly version: string; readonly code: OtaErrorCode; readonly message: string };
  /** The platform has acknowledged the result of a job. */
  result: { readonly version: string; readonly result: Result };
  /**
   * After a `result` of `done`: the firmware of version `installed` reports another one, as its `config.version` or its
   * image's descriptor was not raised. The platform will offer `installed` again.
   */
  "version-mismatch": { readonly installed: string; readonly reported: string };
}

type ListenersOf = { [Name in keyof AgentEvents]?: ((event: AgentEvents[Name]) => void)[] };

/** The application's listeners. */
export class Listeners {
  readonly #of: ListenersOf = {};
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  has(name: keyof AgentEvents): boolean {
    return this.#of[name] !== undefined;
  }

  add<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    const listeners: ((event: AgentEvents[Name]) => void)[] = this.#of[name] ?? [];
    listeners.push(listener);
    (this.#of as { [Key in Name]?: typeof listeners })[name] = listeners;
  }

  /** Does nothing if the listener was not added. It may be called from inside of a listener. */
  remove<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    // A new list: `tell` may be on its way through the old one.
    const others: unknown[] = (this.#of[name] ?? []).filter((other) => other !== listener);
    (this.#of as { [Key in Name]?: unknown })[name] = others.length === 0 ? undefined : others;
  }

  /** A listener that throws must not stop an update, nor one whose promise is broken end the engine. */
  tell<Name extends keyof AgentEvents>(name: Name, event: AgentEvents[Name]): void {
    const failed = (error: unknown): void =>
      this.#log("error", "agent", () => `listener of ${name} failed: ${describeError(error)}`);
    for (const listener of this.#of[name] ?? []) {
      try {
        const ended: unknown = listener(event);
        if (ended instanceof Promise) ended.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}
