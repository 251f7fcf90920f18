import { z } from "zod";
import { REGISTRATION_MODES } from "../../types.js";
import type { DeviceFilter, DeviceView, NewDevice, ProductChange, ProductView } from "../../operator/types.js";
import {
  component,
  deviceName,
  deviceNameInQuery,
  deviceNameText,
  id,
  line,
  paged,
  productId,
  time,
  version,
  yesOrNo,
} from "./common.js";
import { named } from "./named.js";

/** Most devices of one request. */
export const DEVICES_LIMIT = 10_000;

const productFields = {
  productId,
  name: line,
  chip: line.exactOptional(),
  timeZone: line.exactOptional(),
  registration: z.enum(REGISTRATION_MODES),
  deviceLimit: z.int().min(1).exactOptional(),
  devices: z.int().min(0),
};
const product = named("Product", z.strictObject(productFields) satisfies z.ZodType<ProductView>);
export const products = named("Products", z.strictObject({ items: z.array(product) }));
export const productWithSecret = named(
  "ProductWithSecret",
  z.strictObject({ ...productFields, productSecret: z.string() }),
);
export const productChange = named(
  "ProductChange",
  z.strictObject({
    name: line.exactOptional(),
    chip: line.exactOptional(),
    timeZone: line.exactOptional(),
    registration: z.enum(REGISTRATION_MODES).exactOptional(),
    deviceLimit: z.int().min(1).exactOptional(),
  }) satisfies z.ZodType<Omit<ProductChange, "productId">>,
);

export const device = named(
  "Device",
  z.strictObject({
    id,
    productId,
    deviceName: deviceNameText,
    versions: z.record(z.string(), z.string()),
    online: z.boolean().nullable(),
    gateway: deviceName.exactOptional(),
    timeZone: z.string().exactOptional(),
    language: z.string().exactOptional(),
    note: z.string(),
    createdAt: time,
    lastSeenAt: time.exactOptional(),
  }) satisfies z.ZodType<DeviceView>,
);
export const devices = paged("Devices", device);

/** The part of a query that chooses devices. */
export const deviceFilter = {
  product: productId.exactOptional(),
  text: z.string().max(48).exactOptional(),
  component: component.exactOptional(),
  version: version.exactOptional(),
  gateway: deviceNameInQuery.exactOptional(),
  online: yesOrNo.exactOptional(),
};
const deviceFilterObject = z.object(deviceFilter);

export function deviceFilterOf({ product, ...filter }: z.output<typeof deviceFilterObject>): DeviceFilter {
  const { text, component: part, version: runs, gateway, online } = filter;
  return {
    ...(product === undefined ? {} : { productId: product }),
    ...(text === undefined ? {} : { text }),
    ...(part === undefined ? {} : { component: part }),
    ...(runs === undefined ? {} : { version: runs }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(online === undefined ? {} : { online }),
  };
}

export const newDevice = named(
  "NewDevice",
  z.strictObject({
    productId,
    deviceName: deviceNameText,
    deviceSecret: z
      .string()
      .regex(/^[A-Za-z0-9+/]{4,128}={0,2}$/, "a secret is in base64")
      .exactOptional(),
    certificate: z.boolean().exactOptional(),
    note: line.exactOptional(),
  }) satisfies z.ZodType<NewDevice>,
);
export const newDevices = named(
  "NewDevices",
  z.strictObject({ devices: z.array(newDevice).min(1).max(DEVICES_LIMIT) }),
);
export const deviceCount = named(
  "DeviceCount",
  z.strictObject({
    productId,
    prefix: z.string().regex(/^[A-Za-z0-9:_-]{1,40}$/, "a prefix is 1 to 40 of [A-Za-z0-9:_-]"),
    count: z.int().min(1).max(DEVICES_LIMIT),
  }),
);
const addedDevice = named(
  "AddedDevice",
  z.strictObject({
    productId,
    deviceName: deviceNameText,
    deviceSecret: z.string().exactOptional(),
    added: z.boolean().exactOptional(),
  }),
);
export const addedDevices = named("AddedDevices", z.strictObject({ devices: z.array(addedDevice) }));
export const deviceChange = named(
  "DeviceChange",
  z.strictObject({
    note: line.exactOptional(),
    timeZone: z.string().max(64).exactOptional(),
    language: z.string().max(35).exactOptional(),
  }),
);
