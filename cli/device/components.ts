import { InvalidArgumentError } from "commander";
import type { AttachedComponent } from "../../hal/boards/sim/main.js";
import { type Installation, INSTALLATIONS, SimulatedSubDevice } from "../../hal/boards/sim/sub-devices.js";
import { FIRMWARE } from "../../src/plans/plans.js";
import { isVersion } from "../../src/protocol/version.js";
import { seconds } from "../command-line.js";

/** A component, as the option `--component` describes it. */
export interface NamedComponent {
  readonly id: string;
  readonly version: string;
  /** How an installation ends. */
  readonly install: Installation;
  /** Milliseconds between two pieces of 4 KiB. */
  readonly pauseMs: number;
}

/** Stands in place of a product id. No product has this id. */
export const COMPONENT_PRODUCT = "component";

const KEYS = ["id", "version", "install", "pause"];

/**
 * Parses the value of an option that may be given several times: `id=mcu,version=1.0.0`, and optionally `install=HOW`
 * and `pause=SECONDS`.
 */
export function component(text: string, before: readonly NamedComponent[] = []): readonly NamedComponent[] {
  const settings = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, key = part, value = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    if (!KEYS.includes(key)) throw new InvalidArgumentError(`${key} is none of ${KEYS.join(", ")}.`);
    if (settings.has(key)) throw new InvalidArgumentError(`${key} comes twice.`);
    settings.set(key, value);
  }
  const [id = "", version = ""] = [settings.get("id"), settings.get("version")];
  const [install = "ok", pause = "0"] = [settings.get("install"), settings.get("pause")];
  if (!/^[A-Za-z0-9._-]{1,24}$/.test(id) || !isVersion(version)) {
    throw new InvalidArgumentError("It must begin with id=ID,version=VERSION; an ID has 1 to 24 of [A-Za-z0-9._-].");
  }
  if (id === FIRMWARE) throw new InvalidArgumentError(`${FIRMWARE} is the name of the board's own firmware.`);
  if (!isVersion(`${id}_${version}`)) {
    throw new InvalidArgumentError("Its version with the prefix, ID_VERSION, is over 32 characters.");
  }
  if (!isInstallation(install)) throw new InvalidArgumentError(`install is none of ${INSTALLATIONS.join(", ")}.`);
  if (before.some((other) => other.id === id)) throw new InvalidArgumentError(`Component ${id} comes twice.`);
  return [...before, { id, version, install, pauseMs: pauseOf(pause) * 1000 }];
}

/** Makes a simulated MCU. Its image lies in the board's folder, like that of a sub-device. */
export function attachComponent({ id, version, install, pauseMs }: NamedComponent, state: string): AttachedComponent {
  const bus = new SimulatedSubDevice({
    productId: COMPONENT_PRODUCT,
    deviceName: id,
    version,
    install,
    state,
    called: `component ${id}`,
  });
  return {
    id,
    pauseMs,
    version: () => bus.version(),
    write: (md5, byteOffset, bytes) => bus.write(md5, byteOffset, bytes),
    finish: (image) => bus.finish(image),
  };
}

function isInstallation(text: string): text is Installation {
  return (INSTALLATIONS as readonly string[]).includes(text);
}

/** Parses a pause, which may be at most a day. */
function pauseOf(text: string): number {
  const value = seconds(text);
  if (value > 86_400) throw new InvalidArgumentError("pause is over 86400 seconds.");
  return value;
}
