import type { DeviceQuery } from "../../api/cloud.js";

/** The filter of the list, as the query of the page has it: what is empty does not filter. */
export interface DeviceFilter {
  readonly text: string;
  readonly component: string;
  readonly version: string;
  /** `true`, `false` or empty. */
  readonly online: string;
  /** `PRODUCT/NAME`, or what was typed of it. */
  readonly gateway: string;
}

const DEVICE = /^[A-Z0-9]{10}\/[A-Za-z0-9:_-]{1,48}$/;

export function filterOf(query: URLSearchParams): DeviceFilter {
  const text = (name: string): string => query.get(name) ?? "";
  const online = text("online");
  return {
    text: text("text"),
    component: text("component"),
    version: text("version"),
    online: online === "true" || online === "false" ? online : "",
    gateway: text("gateway"),
  };
}

export function isFiltered(filter: DeviceFilter): boolean {
  return Object.values(filter).some((value) => value !== "");
}

/**
 * @param product id of the product that the page shows; empty for all of them
 * @returns what the cloud is asked for; a gateway that is typed in part is left out
 */
export function queryOf(filter: DeviceFilter, product: string): DeviceQuery {
  const { text, component, version, online } = filter;
  const gateway = gatewayOf(filter.gateway, product);
  return {
    ...(product === "" ? {} : { product }),
    ...(text === "" ? {} : { text }),
    ...(component === "" ? {} : { component }),
    ...(version === "" ? {} : { version }),
    ...(online === "" ? {} : { online: online === "true" }),
    ...(gateway === undefined ? {} : { gateway }),
  };
}

/** @returns `PRODUCT/NAME` of a gateway that is typed with or without its product; absent if it is none yet */
export function gatewayOf(typed: string, product: string): string | undefined {
  const name = typed.trim();
  const whole = name.includes("/") || product === "" ? name : `${product}/${name}`;
  return DEVICE.test(whole) ? whole : undefined;
}

/** @returns product and name of a device that is written as `PRODUCT/NAME` */
export function deviceOf(whole: string): { readonly productId: string; readonly deviceName: string } | undefined {
  if (!DEVICE.test(whole)) return undefined;
  const [productId = "", deviceName = ""] = whole.split("/");
  return { productId, deviceName };
}

interface VersionCount {
  readonly component: string;
  readonly version: string;
}

/** @returns the components of a fleet, and the versions of one of them, each with what is chosen now */
export function versionChoices(
  versions: readonly VersionCount[],
  { component, version }: Pick<DeviceFilter, "component" | "version">,
): { readonly components: readonly string[]; readonly versions: readonly string[] } {
  const components = new Set(versions.map((each) => each.component));
  if (component !== "") components.add(component);
  const ofComponent = new Set(versions.filter((each) => each.component === component).map((each) => each.version));
  if (version !== "") ofComponent.add(version);
  return { components: [...components].sort(), versions: [...ofComponent].sort() };
}
