import { Readable } from "node:stream";
import { type Actor, type Operator, Refusal } from "../../cloud/operator/types.js";
import { UsageError } from "../command-line.js";
import { imageOf } from "./firmware.js";
import type { DemoFolder } from "./folder.js";
import { DEMO_PRODUCT, DEMO_PRODUCT_NAME } from "./roster.js";

const ACTOR: Actor = { name: "demo", origin: "local" };
/** The version that most boards run, as a package. What comes next is the tester's to upload. */
const INSTALLED_VERSION = "0.1.0";

/**
 * Makes product, devices and the installed package in the cloud, as far as they are not there.
 *
 * @throws UsageError if the cloud knows the devices with other secrets
 */
export async function prepareCloud(operator: Operator, folder: DemoFolder): Promise<void> {
  await operator.setProduct({ productId: DEMO_PRODUCT, name: DEMO_PRODUCT_NAME }, ACTOR);
  try {
    await operator.addDevices(
      folder.roster.boards.map(({ name }) => ({
        productId: DEMO_PRODUCT,
        deviceName: name,
        deviceSecret: folder.secretOf(name),
      })),
      ACTOR,
    );
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "exists")) throw error;
    throw new UsageError(
      `${error.message}: this cloud has devices of ${DEMO_PRODUCT} whose boards are not in ${folder.path}; ` +
        "remove them, or choose another --state",
    );
  }
  const { items } = await operator.packages(DEMO_PRODUCT, { limit: 1000 });
  if (items.some(({ version }) => version === INSTALLED_VERSION)) return;
  const image = imageOf(INSTALLED_VERSION);
  await operator.addPackage(
    {
      productId: DEMO_PRODUCT,
      version: INSTALLED_VERSION,
      fileName: `demo-lamp-${INSTALLED_VERSION}.bin`,
      size: image.byteLength,
    },
    Readable.from([image]),
    ACTOR,
  );
}
