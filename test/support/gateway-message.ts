import { type DeviceList, decodeGatewayMessage } from "../../src/protocol/gateway.js";

/** Everything that a list of devices holds. */
export function listOf<Device>(list: DeviceList<Device>): Device[] {
  const found: Device[] = [];
  for (let device = list.next(); device !== undefined; device = list.next()) found.push(device);
  return found;
}

/** A message with its lists read. */
export function decodeWhole(bytes: Uint8Array) {
  const message = decodeGatewayMessage(bytes);
  if (message.type === "results") return { ...message, results: listOf(message.results) };
  if (message.type === "bound" || message.type === "change") {
    const devices = listOf(message.devices).map(({ productId, deviceName }) => ({ productId, deviceName }));
    return { ...message, devices };
  }
  return message;
}
