import type { Generated } from "kysely";
import type { Flag } from "./flag.js";

/* Products and their devices. */

export interface ProductTable {
  id: Generated<number>;
  /** The product's id on the wire. */
  productId: string;
  name: string;
  secret: string | null;
  /** Which devices may register themselves. */
  registration: "off" | "listed" | "any";
  /** Most devices that may make themselves known. */
  deviceLimit: number | null;
  /** The chip of its boards; an image for another one is refused. */
  chip: string | null;
  timeZone: string | null;
  createdAt: number;
}

export interface DeviceTable {
  id: Generated<number>;
  /** `product.id`, and not the product's id on the wire. */
  productId: number;
  deviceName: string;
  /** In base64; `null` if the device proves its identity by a certificate. */
  secret: string | null;
  /** For a sub-device: `device.id` of the gateway that it is bound to. */
  gatewayId: number | null;
  timeZone: string | null;
  language: string | null;
  /** It has connected once, so that it can register itself no more. */
  activated: Generated<Flag>;
  /** It has made itself known. */
  selfRegistered: Generated<Flag>;
  note: Generated<string>;
  createdAt: number;
  lastSeenAt: number | null;
}

export interface DeviceComponentTable {
  deviceId: number;
  component: string;
  version: string;
  reportedAt: number;
}

/** How many devices of a product run each version of a component, kept by the class of the components. */
export interface VersionCountTable {
  productId: number;
  component: string;
  version: string;
  /** 0 once none runs it any more, until the history has noted that. */
  devices: number;
}
