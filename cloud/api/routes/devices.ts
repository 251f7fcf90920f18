import { z } from "zod";
import { deviceInPath, deviceName, page, productId } from "../schemas/common.js";
import {
  addedDevices,
  device,
  deviceChange,
  deviceCount,
  deviceFilter,
  deviceFilterOf,
  devices,
  newDevice,
  newDevices,
  productChange,
  products,
  productWithSecret,
} from "../schemas/devices.js";
import { pageOf } from "./page-of.js";
import type { Operator } from "../../operator/types.js";
import type { Principal } from "../sessions.js";
import { type Route, route } from "../route.js";

export const deviceRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/products",
    summary: "The products.",
    role: "viewer",
    status: 200,
    answer: products,
    handle: async (_asked, { operator }) => ({ items: await operator.products() }),
  }),
  route({
    method: "put",
    path: "/products/{productId}",
    summary: "Adds a product, or changes it. The answer has its secret for dynamic registration.",
    role: "admin",
    params: z.strictObject({ productId }),
    body: productChange,
    status: 200,
    answer: productWithSecret,
    handle: ({ params, body, actor }, { operator }) => operator.setProduct({ ...body, ...params }, actor),
  }),
  route({
    method: "get",
    path: "/devices",
    summary: "The devices that fit the filter, page by page.",
    role: "viewer",
    query: z.strictObject({ ...deviceFilter, ...page }),
    status: 200,
    answer: devices,
    handle: ({ query }, { operator }) => operator.devices(deviceFilterOf(query), pageOf(query)),
  }),
  route({
    method: "post",
    path: "/devices",
    summary: "Adds one device. The answer has its secret, which is shown this once.",
    role: "operator",
    body: newDevice,
    status: 201,
    answer: addedDevices,
    handle: async ({ body, actor, principal }, { operator }) => ({
      devices: shownTo(principal, await operator.addDevices([body], actor)),
    }),
  }),
  route({
    method: "post",
    path: "/devices/batch",
    summary: "Adds a list of devices. One that is known already keeps its secret, and `added` is false.",
    role: "operator",
    body: newDevices,
    status: 201,
    answer: addedDevices,
    handle: async ({ body, actor, principal }, { operator }) => ({
      devices: shownTo(principal, await operator.addDevices(body.devices, actor)),
    }),
  }),
  route({
    method: "post",
    path: "/devices/count",
    summary: "Adds so many devices, whose names are a prefix and a number.",
    role: "operator",
    body: deviceCount,
    status: 201,
    answer: addedDevices,
    handle: async ({ body, actor, principal }, { operator }) => ({
      devices: shownTo(principal, await operator.addDeviceCount(body, actor)),
    }),
  }),
  route({
    method: "get",
    path: "/devices/{productId}/{deviceName}",
    summary: "A device.",
    role: "viewer",
    params: deviceInPath,
    status: 200,
    answer: device,
    handle: ({ params }, { operator }) => operator.device(params),
  }),
  route({
    method: "patch",
    path: "/devices/{productId}/{deviceName}",
    summary: "Changes the note, the time zone or the language of a device; an empty one is taken away.",
    role: "operator",
    params: deviceInPath,
    body: deviceChange,
    status: 200,
    answer: device,
    handle: ({ params, body, actor }, { operator }) => operator.changeDevice(params, body, actor),
  }),
  route({
    method: "delete",
    path: "/devices/{productId}/{deviceName}",
    summary: "Removes a device.",
    role: "admin",
    params: deviceInPath,
    status: 204,
    handle: ({ params, actor }, { operator }) => operator.removeDevice(params, actor),
  }),
  route({
    method: "put",
    path: "/devices/{productId}/{deviceName}/gateway",
    summary: "Binds a sub-device to a gateway.",
    role: "operator",
    params: deviceInPath,
    body: deviceName,
    status: 204,
    handle: ({ params, body, actor }, { operator }) => operator.bind(params, body, actor),
  }),
  route({
    method: "delete",
    path: "/devices/{productId}/{deviceName}/gateway",
    summary: "Unbinds a sub-device. The answer is the gateway that it was bound to.",
    role: "operator",
    params: deviceInPath,
    status: 200,
    answer: deviceName,
    handle: ({ params, actor }, { operator }) => operator.unbind(params, actor),
  }),
];

type Added = Awaited<ReturnType<Operator["addDevices"]>>;

/** A secret is shown once. Only a command on this machine, whose user can read the state anyway, sees it again. */
function shownTo(principal: Principal | undefined, devices: Added): Added {
  if (principal?.proof === "local") return devices;
  return devices.map(({ deviceSecret, ...device }) =>
    device.added && deviceSecret !== undefined ? { ...device, deviceSecret } : device,
  );
}
