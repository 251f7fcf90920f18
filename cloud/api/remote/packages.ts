import type { Readable } from "node:stream";
import {
  type NewPackage,
  type NewVariants,
  type Operator,
  type PackageOperations,
  type PackageView,
  type Page,
  type Paged,
  type PlanView,
  Refusal,
} from "../../operator/types.js";
import type { DeviceName } from "../../types.js";
import type { HttpExchange } from "../http-exchange.js";
import { get, items, post } from "./ask.js";

/** Packages, over the API. */
export function remotePackages(exchange: HttpExchange): PackageOperations {
  return {
    async packages(productId: string | undefined, page: Page): Promise<Paged<PackageView>> {
      return (await get(exchange, "/packages", { product: productId, ...page })) as Paged<PackageView>;
    },

    async package(id: number): Promise<PackageView> {
      return (await get(exchange, `/packages/${id}`)) as PackageView;
    },

    async addPackage(request: NewPackage, content: Readable): Promise<PackageView> {
      const { productId, requirements = {}, size, ...rest } = request;
      const { component, kind, ...demands } = requirements;
      if (size === undefined) throw new Refusal("invalid", "an upload over the API needs the size of its file");
      return (await exchange.ask("POST", "/packages", {
        query: {
          ...(component === undefined ? {} : { component }),
          ...(kind === undefined ? {} : { kind }),
          product: productId,
          ...demands,
          ...rest,
        },
        stream: { content, size },
      })) as PackageView;
    },

    async addPackageFile(
      id: number,
      { fileName, size }: { readonly fileName: string; readonly size?: number },
      content: Readable,
    ): Promise<PackageView> {
      if (size === undefined) throw new Refusal("invalid", "an upload over the API needs the size of its file");
      const request = { query: { fileName }, stream: { content, size } };
      return (await exchange.ask("POST", `/packages/${id}/files`, request)) as PackageView;
    },

    async addVariants(id: number, wanted: NewVariants): Promise<PackageView> {
      return (await post(exchange, `/packages/${id}/variants`, wanted)) as PackageView;
    },

    async removeVariant(id: number, variantId: number): Promise<PackageView> {
      return (await exchange.ask("DELETE", `/packages/${id}/variants/${variantId}`)) as PackageView;
    },

    async withdrawPackage(id: number): Promise<PackageView> {
      return (await post(exchange, `/packages/${id}/withdraw`)) as PackageView;
    },

    async secretsIn(id: number): Promise<readonly DeviceName[]> {
      return items(await get(exchange, `/packages/${id}/secrets`));
    },

    async verify(request: Parameters<Operator["verify"]>[0]): Promise<PlanView> {
      return (await post(exchange, "/verify", request)) as PlanView;
    },
  };
}
