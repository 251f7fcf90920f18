import type { ProductRecord } from "../../types.js";
import type { Actor } from "./common.js";

export interface ProductView extends Omit<ProductRecord, "productSecret"> {
  readonly name: string;
  /** Chip of the product's boards, as in the ESP32 image; absent if any is accepted. */
  readonly chip?: string;
  readonly timeZone?: string;
  readonly devices: number;
}

export interface ProductChange {
  readonly productId: string;
  readonly name?: string;
  readonly chip?: string;
  readonly timeZone?: string;
  readonly registration?: ProductRecord["registration"];
  readonly deviceLimit?: number;
}

export interface ProductOperations {
  products(): Promise<readonly ProductView[]>;
  /**
   * Adds a product, or changes it.
   *
   * @returns its secret for dynamic registration too, which is made at the first time
   */
  setProduct(change: ProductChange, actor: Actor): Promise<ProductView & { readonly productSecret: string }>;
}
