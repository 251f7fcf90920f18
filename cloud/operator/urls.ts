import { versionOf } from "../rollout/task-dispatch.js";
import { readWireVersion, wireVersion } from "../rollout/wire-version.js";
import type { Package } from "../store/schema.js";
import type { Tables } from "../store/tables/tables.js";
import { type OperatorContext, productOf } from "./context.js";
import { mustExist } from "./devices.js";
import { type Operator, Refusal } from "./types.js";

const NOT_RUNNING = "no cloud runs on this folder, so there is no file server: start it";

/**
 * Signs a URL of a version or, if none is named, of the one that the device is to be updated to.
 *
 * @throws Refusal
 */
export async function signedUrlOf(
  { transactions, rollout, ...context }: OperatorContext,
  request: Parameters<Operator["signedUrl"]>[0],
): Promise<string> {
  const { tables } = transactions;
  const { productId, deviceName, lifetimeSec = context.urlLifetimeSec } = request;
  if (!context.urls.isServed) throw new Refusal("not-running", NOT_RUNNING);
  const product = await productOf(tables, productId);
  const device = deviceName === undefined ? undefined : await mustExist(tables, { productId, deviceName });
  let { version } = request;
  if (version === undefined && device !== undefined) {
    const [task] = await tables.taskLists.latestOf([device.id]);
    if (task !== undefined) {
      version = wireVersion(task.component, versionOf(await rollout.terms.of(tables, task.planId), task));
    }
  }
  if (version === undefined) throw new Refusal("invalid", "name a version, or a device that has an upgrade");
  const found = await packageOnWire(tables, product.id, version);
  const [file] = found === undefined ? [] : await tables.packages.filesOf([found.id]);
  if (file === undefined) throw new Refusal("not-found", `product ${productId} has no firmware ${version}`);
  const url = await context.urls.sign(file, lifetimeSec, { deviceName });
  if (url !== undefined) return url;
  throw new Refusal("not-running", NOT_RUNNING);
}

/**
 * @param productId `product.id`
 * @param text      a version as it stands on the wire, with the component before it
 * @returns its package; the full one if there are deltas too
 */
export async function packageOnWire(tables: Tables, productId: number, text: string): Promise<Package | undefined> {
  const named = readWireVersion(text, await tables.packages.componentsOf(productId));
  const found = [
    ...(await tables.packages.byVersion(productId, named.version)).filter(
      ({ component }) => component === named.component,
    ),
    // A version may have been added with the component's name in it.
    ...(await tables.packages.byVersion(productId, text)),
  ].filter(({ state }) => state !== "withdrawn");
  return found.find(({ form }) => form === "full") ?? found[0];
}
