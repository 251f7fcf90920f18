import { signal } from "@preact/signals";
import { remember, remembered } from "./memory.js";

/** Id of the product that the pages show; empty for all of them. */
export const product = signal(remembered("product") ?? "");

export function setProduct(productId: string): void {
  product.value = productId;
  remember("product", productId);
}
