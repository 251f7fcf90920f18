import type { DeviceView } from "../../../operator/types.js";
import { Link } from "../../view/link.js";

type Name = Pick<DeviceView, "productId" | "deviceName">;

/** Names of devices, each a link to its page. */
export function DeviceNames({ devices }: { readonly devices: readonly Name[] }) {
  return (
    <ul class="device-names">
      {devices.map(({ productId, deviceName }) => (
        <li key={`${productId}/${deviceName}`}>
          <Link to={`/devices/${encodeURIComponent(productId)}/${encodeURIComponent(deviceName)}`} class="id">
            {deviceName}
          </Link>
        </li>
      ))}
    </ul>
  );
}
