import type { PlanGate } from "../plans/gate.js";
import type { Result } from "../protocol/messages.js";
import type { Recipient } from "../staging/recipient.js";
import type { Image, State } from "../update/machine/types.js";
import type { ComponentOptions } from "./options.js";

/** An event about a component: how far its update is, and how it ended. */
export type ComponentEvent = { readonly component: string; readonly version: string | undefined } & (
  | { readonly kind: "state"; readonly state: State["name"] | "queued" }
  | { readonly kind: "progress"; readonly step: "download" | "install"; readonly bytes: number; readonly size: number }
  | { readonly kind: "result"; readonly result: Result }
);

/** A component that was added, and how far its update is. */
export interface Component extends Recipient {
  readonly options: ComponentOptions;
  /** Who waits for its version; absent as long as nobody has asked. */
  listeners: (() => void)[] | undefined;
  /** The gate of its newest job. */
  gate: PlanGate | undefined;
  state: State["name"] | "queued";
  /** The image that is being installed, or whose result is being reported. */
  ending: Image | undefined;
}

/** A component as an application adds it. */
export function newComponent(options: ComponentOptions): Component {
  const { id, version, install, readInstalled } = options;
  const isText = typeof version === "string";
  return {
    options,
    owner: id,
    // A version given as text was true when the component was added. After an installation it is not known.
    installer: { version: isText ? () => undefined : version, install, ...(readInstalled && { readInstalled }) },
    version: isText ? version : undefined,
    offer: undefined,
    listeners: undefined,
    gate: undefined,
    state: "idle",
    ending: undefined,
  };
}
