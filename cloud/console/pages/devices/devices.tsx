import { NotFound } from "../../view/not-found.js";
import { DevicePage } from "./device.js";
import { DeviceList } from "./list.js";
import { NewDevices } from "./new-devices.js";

/** `/devices`, `/devices/new` and `/devices/PRODUCT/NAME`. */
export function DevicesPage({ rest }: { readonly rest: readonly string[] }) {
  const [first, deviceName, ...more] = rest;
  if (first === undefined) return <DeviceList />;
  if (first === "new" && deviceName === undefined) return <NewDevices />;
  if (deviceName === undefined || more.length > 0) return <NotFound />;
  return <DevicePage productId={first} deviceName={deviceName} />;
}
