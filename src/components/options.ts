import type { Device, TlsOptions } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import type { ComponentKind } from "../protocol/requirements.js";
import type { DeviceName } from "../protocol/identity.js";
import type { Offer } from "../protocol/messages.js";
import { isVersion } from "../protocol/version.js";
import type { MqttSession } from "../mqtt/session.js";
import type { Guards } from "../update/guard.js";
import type { Unpacker } from "../update/unpacker.js";
import type { UpdateLimits } from "../update/driver.js";
import type { ComponentEvent } from "./component.js";
import { isComponentId, wireVersion } from "./wire-version.js";
import type { Installer } from "../staging/installation.js";
import { oneOf, optional } from "../plans/policy.js";
import { FIRMWARE, type UpdatePlans } from "../plans/plans.js";

/** A chip behind the board, or another part of it that is updated by the application's code. */
export interface ComponentOptions {
  /** Letters, digits, `.`, `_` and `-`. It is the prefix of the component's versions on the wire. */
  readonly id: string;
  /** Default `mcu`. */
  readonly kind?: ComponentKind | undefined;
  /**
   * The version that runs there. A function, which may return a promise, is called again after an installation; a text
   * holds until the next installation.
   */
  readonly version: string | Installer["version"];
  /** Least charge of the battery for its updates, besides the policy's. */
  readonly minBatteryPercent?: number | undefined;
  /**
   * Ids of components that are added before this one. If one of them was offered together with this one, and its update
   * fails, this one is not installed.
   */
  readonly dependsOn?: readonly string[] | undefined;
  /**
   * Its images need a seal of a trusted key, for a product of the component's id: see `seal` in the configuration. It
   * gets them without it. Default false: a seal is looked at if there is one.
   */
  readonly sealed?: boolean | undefined;
  readonly install: Installer["install"];
  readonly readInstalled?: Installer["readInstalled"];
}

/** What the agent hands to its components. */
export interface ComponentsOptions {
  readonly device: Device;
  readonly session: Pick<MqttSession, "publish">;
  /** The device's own: its components have no other. */
  readonly name: DeviceName;
  readonly separator: string;
  readonly installTimeoutMs: number;
  readonly limits: UpdateLimits;
  readonly tls: TlsOptions;
  readonly plans: UpdatePlans;
  /** Absent without the part `seal`. */
  readonly guards?: Guards | undefined;
  /** Absent without the part `packages`. */
  readonly packages?: Unpacker | undefined;
  /** The own firmware's offer, if it waits for the components. */
  ownOffer(): Offer | undefined;
  /** The last version that was reported is a component's: the own firmware's is to be reported again. */
  reportOwn(): void;
  onEvent(event: ComponentEvent): void;
}

/**
 * @param separator between id and version on the wire @throws OtaError `usage`, one line that says which setting is
 * wrong
 */
export function checkComponent(options: ComponentOptions, separator: string): void {
  const { id, kind, version, minBatteryPercent, dependsOn = [], install, readInstalled } = options;
  const refuse = (what: string): never => {
    throw new OtaError("usage", `component ${id}: ${what}`);
  };
  if (typeof id !== "string" || !isComponentId(id, separator) || id === FIRMWARE) {
    throw new OtaError("usage", `${id}: no id of a component`);
  }
  if (
    typeof version === "string" &&
    !(isVersion(version) && isVersion(wireVersion({ component: id, version }, separator)))
  ) {
    refuse("version is not one, or too long with the prefix");
  }
  if (typeof version !== "string" && typeof version !== "function") refuse("version is neither text nor a function");
  if (typeof install !== "function") refuse("install is not a function");
  if (!["undefined", "function"].includes(typeof readInstalled)) refuse("readInstalled is not a function");
  oneOf(`component ${id}: kind`, kind, [undefined, "module", "mcu"]);
  optional(`component ${id}: minBatteryPercent`, minBatteryPercent, 0, 100);
  if (!Array.isArray(dependsOn) || !dependsOn.every((each) => typeof each === "string")) {
    refuse("dependsOn is not a list of ids");
  }
}
