import { randomBytes } from "node:crypto";
import { CHIP_NAMES } from "../files/image-header.js";
import { isTimeZone } from "../fleet/window.js";
import type { Product } from "../store/schema.js";
import { audit, ensureProduct, type OperatorContext } from "./context.js";
import { type Actor, type ProductChange, type ProductView, Refusal } from "./types.js";

export class ProductRequests {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async list(): Promise<ProductView[]> {
    const { tables } = this.#context.transactions;
    const views: ProductView[] = [];
    for (const product of await tables.products.list()) {
      views.push(viewOf(product, await tables.devices.count({ productId: product.id })));
    }
    return views;
  }

  async set(change: ProductChange, actor: Actor): Promise<ProductView & { readonly productSecret: string }> {
    const { productId, name, chip, timeZone, registration, deviceLimit } = change;
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      throw new Refusal("invalid", `${timeZone} is no time zone: give an IANA name, such as Asia/Shanghai`);
    }
    if (chip !== undefined && !CHIP_NAMES.includes(chip)) {
      throw new Refusal("invalid", `${chip} is no chip: give one of ${CHIP_NAMES.join(", ")}`);
    }
    return this.#context.transactions.run(async (work) => {
      const known = await ensureProduct(work, productId);
      // 24 letters and digits, as the console's.
      const secret = known.secret ?? randomBytes(12).toString("hex");
      const patch = {
        secret,
        ...(name === undefined ? {} : { name }),
        ...(chip === undefined ? {} : { chip }),
        ...(timeZone === undefined ? {} : { timeZone }),
        ...(registration === undefined ? {} : { registration, deviceLimit: deviceLimit ?? null }),
      };
      await work.tables.products.update(known.id, patch);
      await audit(work, actor, "product-set", productId, { ...patch, secret: undefined });
      work.after(() => this.#context.rollout.matchers.clear());
      const devices = await work.tables.devices.count({ productId: known.id });
      return { ...viewOf({ ...known, ...patch }, devices), productSecret: secret };
    });
  }
}

function viewOf({ productId, name, chip, timeZone, registration, deviceLimit }: Product, devices: number): ProductView {
  return {
    productId,
    name,
    registration,
    ...(deviceLimit === null ? {} : { deviceLimit }),
    ...(chip === null ? {} : { chip }),
    ...(timeZone === null ? {} : { timeZone }),
    devices,
  };
}
