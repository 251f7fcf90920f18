import type {
  DeviceFilter,
  DeviceOperations,
  DeviceView,
  NewDevice,
  Operator,
  Page,
  Paged,
  ProductChange,
  ProductOperations,
  ProductView,
} from "../../operator/types.js";
import type { DeviceName } from "../../types.js";
import type { HttpExchange } from "../http-exchange.js";
import { get, items, post, spell } from "./ask.js";

/** Devices of one request. Their JSON stays below the API's limit of 1 MB. */
const DEVICES_AT_ONCE = 2500;

/** Products and their devices, over the API. */
export function remoteDevices(exchange: HttpExchange): ProductOperations & DeviceOperations {
  return {
    async products(): Promise<readonly ProductView[]> {
      return items(await get(exchange, "/products"));
    },

    async setProduct({ productId, ...change }: ProductChange): ReturnType<Operator["setProduct"]> {
      return (await exchange.ask("PUT", `/products/${productId}`, { body: change })) as Awaited<
        ReturnType<Operator["setProduct"]>
      >;
    },

    async devices(filter: DeviceFilter, page: Page): Promise<Paged<DeviceView>> {
      const { productId, gateway, text, component, version, online } = filter;
      const query = { product: productId, text, component, version, online, gateway: gateway && spell(gateway) };
      return (await get(exchange, "/devices", { ...query, ...page })) as Paged<DeviceView>;
    },

    async device(name: DeviceName): Promise<DeviceView> {
      return (await get(exchange, devicePath(name))) as DeviceView;
    },

    async addDevices(devices: readonly NewDevice[]): ReturnType<Operator["addDevices"]> {
      const added: Awaited<ReturnType<Operator["addDevices"]>>[number][] = [];
      for (let at = 0; at < devices.length; at += DEVICES_AT_ONCE) {
        const body = { devices: devices.slice(at, at + DEVICES_AT_ONCE) };
        const answer = (await post(exchange, "/devices/batch", body)) as { readonly devices: typeof added };
        added.push(...answer.devices);
      }
      return added;
    },

    async addDeviceCount(request: Parameters<Operator["addDeviceCount"]>[0]): ReturnType<Operator["addDeviceCount"]> {
      const { devices } = (await post(exchange, "/devices/count", request)) as {
        readonly devices: Awaited<ReturnType<Operator["addDeviceCount"]>>;
      };
      return devices;
    },

    async changeDevice(name: DeviceName, change: Parameters<Operator["changeDevice"]>[1]): Promise<DeviceView> {
      return (await exchange.ask("PATCH", devicePath(name), { body: change })) as DeviceView;
    },

    async removeDevice(name: DeviceName): Promise<void> {
      await exchange.ask("DELETE", devicePath(name));
    },

    async bind(subDevice: DeviceName, { productId, deviceName }: DeviceName): Promise<void> {
      await exchange.ask("PUT", `${devicePath(subDevice)}/gateway`, { body: { productId, deviceName } });
    },

    async unbind(subDevice: DeviceName): Promise<DeviceName> {
      return (await exchange.ask("DELETE", `${devicePath(subDevice)}/gateway`)) as DeviceName;
    },
  };
}

function devicePath({ productId, deviceName }: DeviceName): string {
  return `/devices/${encodeURIComponent(productId)}/${encodeURIComponent(deviceName)}`;
}
