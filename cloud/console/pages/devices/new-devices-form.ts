import type { FieldError } from "../../api/request.js";
import type { NamedLine } from "./names.js";

export type Way = "one" | "count" | "file";
export type Proof = "made" | "given" | "certificate";

/** What is typed into the form. */
export interface NewDevicesForm {
  readonly way: Way;
  /** Id of a product that there is; empty for a new one. */
  readonly productId: string;
  readonly newProductId: string;
  readonly newProductName: string;
  readonly deviceName: string;
  readonly note: string;
  readonly proof: Proof;
  readonly secret: string;
  readonly prefix: string;
  readonly count: string;
  readonly names: readonly NamedLine[];
}

export const EMPTY_FORM: NewDevicesForm = {
  way: "one",
  productId: "",
  newProductId: "",
  newProductName: "",
  deviceName: "",
  note: "",
  proof: "made",
  secret: "",
  prefix: "",
  count: "10",
  names: [],
};

export interface NewDeviceRequest {
  readonly productId: string;
  readonly deviceName: string;
  readonly deviceSecret?: string;
  readonly certificate?: true;
  readonly note?: string;
}

/** What is asked of the cloud: first the product, if it is new, then the devices in lots. */
export interface NewDevicesPlan {
  readonly product: { readonly productId: string; readonly name?: string } | undefined;
  readonly devices:
    | { readonly kind: "lots"; readonly lots: readonly (readonly NewDeviceRequest[])[] }
    | { readonly kind: "count"; readonly productId: string; readonly prefix: string; readonly count: number };
}

/** Codes of what is wrong with a field; the texts have their words. */
export type FormFault = "productId" | "deviceName" | "secret" | "prefix" | "count" | "names";

/** Most devices of one count. */
export const COUNT_LIMIT = 10_000;
/** Devices of one request: its body stays far below the cloud's limit. */
const LOT = 1000;

const SECRET = /^[A-Za-z0-9+/]{4,128}={0,2}$/;

/** @returns the fields that are not right yet */
export function faultsOf(form: NewDevicesForm): readonly FormFault[] {
  const { way, deviceName, proof, secret, prefix, count, names } = form;
  const faults: FormFault[] = [];
  if (!/^[A-Z0-9]{10}$/.test(productOf(form))) faults.push("productId");
  if (way === "one" && !/^[A-Za-z0-9:_-]{1,48}$/.test(deviceName)) faults.push("deviceName");
  if (way === "one" && proof === "given" && !SECRET.test(secret.trim())) faults.push("secret");
  if (way === "count" && !/^[A-Za-z0-9:_-]{1,40}$/.test(prefix)) faults.push("prefix");
  if (way === "count" && !isCount(count)) faults.push("count");
  if (way === "file" && names.length === 0) faults.push("names");
  return faults;
}

/** @returns what is asked of the cloud by a form without faults */
export function planOf(form: NewDevicesForm): NewDevicesPlan {
  const productId = productOf(form);
  const name = form.newProductName.trim();
  const product = form.productId === "" ? { productId, ...(name === "" ? {} : { name }) } : undefined;
  if (form.way === "count") {
    return { product, devices: { kind: "count", productId, prefix: form.prefix, count: Number(form.count) } };
  }
  const devices = form.way === "one" ? [oneOf(form, productId)] : form.names.map((line) => lineOf(line, productId));
  const lots = Array.from({ length: Math.ceil(devices.length / LOT) }, (_, index) =>
    devices.slice(index * LOT, (index + 1) * LOT),
  );
  return { product, devices: { kind: "lots", lots } };
}

/** @returns the first and the last name that a count makes */
export function namesOfCount({ prefix, count }: Pick<NewDevicesForm, "prefix" | "count">): readonly [string, string] {
  const most = isCount(count) ? Number(count) : 1;
  const width = String(most).length;
  return [`${prefix}${"1".padStart(width, "0")}`, `${prefix}${most}`];
}

/** @returns the field of the form that an error of the cloud is about; absent if it is about none */
export function faultOf({ field }: FieldError): FormFault | undefined {
  const name = field.split(".").at(-1) ?? "";
  if (name === "deviceSecret") return "secret";
  return name === "productId" || name === "deviceName" || name === "prefix" || name === "count" ? name : undefined;
}

function productOf({ productId, newProductId }: NewDevicesForm): string {
  return productId === "" ? newProductId.trim() : productId;
}

function isCount(count: string): boolean {
  return /^[0-9]{1,5}$/.test(count) && Number(count) >= 1 && Number(count) <= COUNT_LIMIT;
}

function oneOf({ deviceName, note, proof, secret }: NewDevicesForm, productId: string): NewDeviceRequest {
  return {
    productId,
    deviceName,
    ...(note.trim() === "" ? {} : { note: note.trim() }),
    ...(proof === "given" ? { deviceSecret: secret.trim() } : {}),
    ...(proof === "certificate" ? { certificate: true } : {}),
  };
}

function lineOf({ deviceName, note }: NamedLine, productId: string): NewDeviceRequest {
  return { productId, deviceName, ...(note === "" ? {} : { note }) };
}
