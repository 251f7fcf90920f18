import type { FaultRecord } from "../faults/fault.js";
import type { FaultList } from "../faults/fault-list.js";
import type { FileUrls } from "../files/file-urls.js";
import type { FirmwareFiles } from "../files/firmware-files.js";
import type { Platform } from "../platform/platform.js";
import type { Presence } from "../platform/presence.js";
import type { Sessions } from "../platform/sessions.js";
import type { SignalTeller } from "../processes/signal.js";
import type { Rollout } from "../rollout/rollout.js";
import type { VariantMaker } from "../rollout/variant-maker.js";
import type { Work } from "../rollout/work.js";
import type { Product } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import type { DeviceName } from "../types.js";
import type { RequestTransactions } from "./request-transactions.js";
import { type Actor, type Change, Refusal } from "./types.js";

/** What the requests of an operator work on. */
export interface OperatorContext {
  readonly transactions: RequestTransactions;
  readonly rollout: Rollout;
  readonly platform: Platform;
  /** Connections that this process serves. */
  readonly sessions: Sessions;
  readonly signals: SignalTeller;
  readonly files: FirmwareFiles;
  readonly variants: VariantMaker;
  readonly urls: FileUrls;
  /** Seconds. */
  readonly urlLifetimeSec: number;
  readonly presence: Presence;
  /** Absent if no cloud runs. */
  readonly faults?: FaultList | undefined;
  /** @returns the faults of the leader if that is another process */
  leaderFaults?(): readonly FaultRecord[] | undefined;
  /** Calls a listener with each change. @returns how to end that */
  follow(listener: (change: Change) => void): () => void;
}

export function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

const PRODUCT = /^[A-Z0-9]{10}$/;
const DEVICE = /^[A-Za-z0-9:_-]{1,48}$/;
const VERSION = /^[A-Za-z0-9._-]{1,32}$/;

/** @throws Refusal */
export function checkProductId(productId: string): void {
  if (!PRODUCT.test(productId)) throw new Refusal("invalid", "a product id is 10 capital letters or digits");
}

/** @throws Refusal */
export function checkDeviceName(deviceName: string): void {
  if (!DEVICE.test(deviceName)) throw new Refusal("invalid", "a device name is 1 to 48 letters, digits, :, _ or -");
}

/** @throws Refusal */
export function checkVersion(version: string): void {
  if (!VERSION.test(version)) throw new Refusal("invalid", "a version is 1 to 32 of [A-Za-z0-9._-]");
}

/** @throws Refusal if there is no such product */
export async function productOf(tables: Tables, productId: string): Promise<Product> {
  const product = await tables.products.find(productId);
  if (product === undefined) throw new Refusal("not-found", `there is no product ${productId}`);
  return product;
}

/** @returns the product, which is made if there is none. @throws Refusal if the id is none */
export function ensureProduct({ tables, nowMs }: Work, productId: string): Promise<Product> {
  checkProductId(productId);
  return tables.products.ensure({ productId, name: "", registration: "listed", createdAt: nowMs });
}

/** Writes a request to the audit, in the transaction that carries it out. */
export async function audit(
  { tables, nowMs }: Work,
  actor: Actor,
  action: string,
  subject: string,
  detail: object = {},
): Promise<void> {
  await tables.audit.append({
    at: nowMs,
    actor: actor.name,
    origin: actor.origin,
    action,
    subject,
    detail: JSON.stringify(detail),
  });
}
