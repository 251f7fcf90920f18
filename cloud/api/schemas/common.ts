import { z } from "zod";
import { ORDERS } from "../../operator/types.js";
import type { DeviceName } from "../../types.js";
import { named } from "./named.js";

/** Most entries of one page of a list. */
export const PAGE_LIMIT = 1000;

export const productId = z.string().regex(/^[A-Z0-9]{10}$/, "a product id is 10 of [A-Z0-9]");
export const deviceNameText = z.string().regex(/^[A-Za-z0-9:_-]{1,48}$/, "a device name is 1 to 48 of [A-Za-z0-9:_-]");

export const deviceName = named(
  "DeviceName",
  z.strictObject({ productId, deviceName: deviceNameText }) satisfies z.ZodType<DeviceName>,
);

/** A time in milliseconds since 1970. */
export const time = z.int().min(0);
export const id = z.int().min(1);
export const component = z.string().min(1).max(64);
export const version = z.string().min(1).max(64);

/** Longest text that an operator writes into a field of one line. */
export const line = z.string().max(500);
/** A JSON object whose keys are the business of whoever reads it. */
export const object = z.record(z.string(), z.unknown());

/** A whole number in a path or a query, where everything is text. */
export const wholeNumber = z
  .string()
  .regex(/^[0-9]{1,15}$/, "a whole number")
  .transform(Number);
export const signedNumber = z
  .string()
  .regex(/^-?[0-9]{1,9}$/, "a whole number")
  .transform(Number);
export const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");

/** `PRODUCT/NAME` in a query. */
export const deviceNameInQuery = z
  .string()
  .regex(/^[A-Z0-9]{10}\/[A-Za-z0-9:_-]{1,48}$/, "a device is PRODUCT/NAME")
  .transform((text): DeviceName => {
    const [product = "", device = ""] = text.split("/");
    return { productId: product, deviceName: device };
  });

export const idInPath = z.strictObject({ id: wholeNumber });
export const deviceInPath = z.strictObject({ productId, deviceName: deviceNameText });

/** The fields of a query for a part of a list. */
export const page = {
  order: z.enum(ORDERS).exactOptional(),
  after: wholeNumber.exactOptional(),
  limit: wholeNumber.refine((limit) => limit >= 1 && limit <= PAGE_LIMIT, `1 to ${PAGE_LIMIT}`).exactOptional(),
};

/** @returns the schema of one page of a list */
export function paged<Item extends z.ZodType>(name: string, item: Item) {
  return named(name, z.strictObject({ items: z.array(item), next: id.exactOptional() }));
}
