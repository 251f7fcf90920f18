import type { BoardModules } from "../../hal/ecma419/modules.js";
import type { Power } from "../../hal/boards/sim/power.js";

/** The platform takes one CONNECT in this time, and the agent waits for it before a restart of its own. */
const CONNECT_INTERVAL_MS = 5_000;

export type Firmware = (modules: BoardModules, power: Power) => void;

/**
 * The same firmware on a board whose clock says that to switch slots takes as long as the platform wants between two
 * CONNECTs, so that a test need not wait for that before each restart.
 */
export function hurried(firmware: Firmware): Firmware {
  return (modules, power) => {
    let aheadMs = 0;
    const { Time, platform } = modules;
    const slowly = (action: () => void) => (): void => {
      action();
      aheadMs += CONNECT_INTERVAL_MS;
    };
    const { boot } = platform;
    const slowBoot = { setPending: slowly(() => boot.setPending()), revert: slowly(() => boot.revert()) };
    const slowTime = {
      get ticks(): number {
        return (Time.ticks + aheadMs) | 0;
      },
    };
    firmware({ ...modules, Time: slowTime, platform: { ...platform, boot: { ...boot, ...slowBoot } } }, power);
  };
}
