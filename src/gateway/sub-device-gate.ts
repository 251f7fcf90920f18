import type { Clock } from "../../hal/ports/index.js";
import { askVersion } from "../staging/installation.js";
import type { StagingQueue } from "../staging/queue.js";
import type { UpdatePlans } from "../plans/plans.js";
import type { Gate } from "../update/target.js";
import type { SubDevice } from "./sub-device.js";

export interface SubDeviceGateOptions {
  readonly clock: Clock;
  /** Bytes that the staging area holds. */
  readonly capacity: number;
  readonly queue: StagingQueue<SubDevice>;
  /** Absent as long as nobody uses plans. */
  readonly plans: UpdatePlans | undefined;
}

/** The gate of a sub-device's updates. @returns `undefined` without plans: an update begins when it is offered */
export function subDeviceGate(
  sub: SubDevice,
  { clock, capacity, queue, plans }: SubDeviceGateOptions,
): Gate | undefined {
  return plans?.gate({
    component: sub.productId,
    deviceName: sub.deviceName,
    // The gateway is the module; whatever is behind it is not the chip that runs the agent.
    kind: "mcu",
    capacity,
    runningVersion: () => sub.version,
    askVersion: (onEnded) => {
      askVersion(sub.installer, clock, (version) => {
        // Its turn may be over by now; a newer answer then counts.
        if (queue.serves(sub) && version !== undefined) {
          sub.version = version;
          queue.arrived(sub);
        }
        onEnded();
      });
    },
    onOver: (failure) => queue.dispatch(sub, { type: "declined", failure }),
  });
}
