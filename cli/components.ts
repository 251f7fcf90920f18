import { InvalidArgumentError } from "commander";
import type { AttachedComponent } from "../hal/boards/sim/main.js";
import { SimulatedSubDevice } from "../hal/boards/sim/sub-devices.js";
import { FIRMWARE } from "../src/components/update-plans.js";
import { isVersion } from "../src/protocol/version.js";

/** A component as `--component` says it. */
export interface NamedComponent {
  readonly id: string;
  readonly version: string;
}

/** In the place of a product: no product is called so. */
export const COMPONENT_PRODUCT = "component";

const FORM = /^id=([A-Za-z0-9._-]{1,24}),version=([A-Za-z0-9._-]{1,32})$/;

/** For options that may come several times: `id=mcu,version=1.0.0`. */
export function component(text: string, before: readonly NamedComponent[] = []): readonly NamedComponent[] {
  const [, id, version] = FORM.exec(text) ?? [];
  if (id === undefined || version === undefined) throw new InvalidArgumentError("Not id=ID,version=VERSION.");
  if (id === FIRMWARE) throw new InvalidArgumentError(`${FIRMWARE} is the board's own.`);
  if (!isVersion(`${id}_${version}`)) throw new InvalidArgumentError("Its version with the prefix, ID_VERSION, is over 32 characters.");
  if (before.some((other) => other.id === id)) throw new InvalidArgumentError(`Component ${id} comes twice.`);
  return [...before, { id, version }];
}

/** A simulated MCU whose image lives in the state of the board, as a sub-device's does. */
export function attachComponent({ id, version }: NamedComponent, state: string): AttachedComponent {
  const bus = new SimulatedSubDevice({ productId: COMPONENT_PRODUCT, deviceName: id, version, install: "ok", state });
  return {
    id,
    version: () => bus.version(),
    write: (md5, byteOffset, bytes) => bus.write(md5, byteOffset, bytes),
    finish: (image) => bus.finish(image),
  };
}
