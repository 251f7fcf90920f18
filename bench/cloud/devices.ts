import { FLEET_PRODUCT, FLEET_SECRET, fleetName } from "../../test/support/served-cloud.js";
import { Gate, RawDevice } from "../../test/support/raw-device.js";
import { SeededRandom } from "../../test/support/seed.js";

/*
 * The devices of the bench, in a process of their own: what they cost is not the cloud's.
 */

export type Order =
  | { readonly do: "connect"; readonly port: number; readonly devices: number }
  /** Each device reports its version so many times. */
  | { readonly do: "report"; readonly times: number }
  /** Each device takes the update that it is offered. */
  | { readonly do: "update" }
  | { readonly do: "close" };

export type Answer =
  | { readonly did: Order["do"]; readonly reports: number }
  /** Epoch milliseconds. */
  | { readonly firstOfferAt: number };

/** Reports that are on their way at a time, however many devices there are: the load is the same for each fleet. */
const WIDTH = 100;
const PERCENTS = [0, 50, 100];

let devices: RawDevice[] = [];
let reports = 0;
let hasOffer = false;

process.on("message", (order: Order) => {
  carryOut(order).then(
    () => tell({ did: order.do, reports }),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

async function carryOut(order: Order): Promise<void> {
  reports = 0;
  switch (order.do) {
    case "connect": {
      const fleet = {
        port: () => order.port,
        productId: FLEET_PRODUCT,
        deviceSecret: FLEET_SECRET,
        random: new SeededRandom(1),
        percents: PERCENTS,
        gate: new Gate(WIDTH),
        onOffer,
        onAcknowledged: () => void reports++,
      };
      devices = Array.from({ length: order.devices }, (_, index) => new RawDevice(fleet, fleetName(index)));
      await Promise.all(devices.map((device) => device.connect()));
      return;
    }
    case "report":
      await Promise.all(
        devices.map(async (device) => {
          for (let time = 0; time < order.times; time++) await device.reportVersion();
        }),
      );
      return;
    case "update":
      await Promise.all(devices.map((device) => device.update()));
      return;
    case "close":
      for (const device of devices) device.close();
      process.disconnect();
      return;
  }
}

function onOffer(): void {
  if (hasOffer) return;
  hasOffer = true;
  tell({ firstOfferAt: Date.now() });
}

function tell(answer: Answer): void {
  if (process.connected) process.send?.(answer);
}
