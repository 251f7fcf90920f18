import {
  type AuditView,
  type ConditionOperations,
  type DeskOperations,
  type EventFilter,
  type EventView,
  type Health,
  type Metric,
  type Operator,
  type Page,
  type Paged,
  type RecordOperations,
  Refusal,
  type TokenOperations,
  type TokenView,
} from "../../operator/types.js";
import type { FaultRecord } from "../../faults/fault.js";
import type { HttpExchange } from "../http-exchange.js";
import { get, items, post } from "./ask.js";

/** Events and the audit, tokens, faults and the condition of the cloud, over the API. */
export function remoteRecords(
  exchange: HttpExchange,
): RecordOperations & TokenOperations & DeskOperations & Omit<ConditionOperations, "follow"> {
  return {
    async events(filter: EventFilter, page: Page): Promise<Paged<EventView>> {
      const { productId, deviceName, planId, taskId, kind } = filter;
      const query = { product: productId, device: deviceName, plan: planId, task: taskId, kind };
      return (await get(exchange, "/events", { ...query, ...page })) as Paged<EventView>;
    },

    async purgeEvents({ beforeMs, planId }: { readonly beforeMs?: number; readonly planId?: number }): Promise<number> {
      const query = { beforeMs, plan: planId };
      return ((await exchange.ask("DELETE", "/events", { query })) as { readonly removed: number }).removed;
    },

    async audit(page: Page): Promise<Paged<AuditView>> {
      return (await get(exchange, "/audit", { ...page })) as Paged<AuditView>;
    },

    async tokens(): Promise<readonly TokenView[]> {
      return items(await get(exchange, "/tokens"));
    },

    async newToken(request: Parameters<Operator["newToken"]>[0]): ReturnType<Operator["newToken"]> {
      return (await post(exchange, "/tokens", request)) as Awaited<ReturnType<Operator["newToken"]>>;
    },

    async revokeToken(id: number): Promise<void> {
      await exchange.ask("DELETE", `/tokens/${id}`);
    },

    /** The API never says whose a token is. */
    async tokenOf(): Promise<undefined> {
      return undefined;
    },

    async faults(): Promise<readonly FaultRecord[]> {
      return items(await get(exchange, "/faults"));
    },

    async addFault(fault: unknown): Promise<FaultRecord> {
      return (await post(exchange, "/faults", fault)) as FaultRecord;
    },

    async clearFaults(id: number | undefined): Promise<number> {
      const path = id === undefined ? "/faults" : `/faults/${id}`;
      return ((await exchange.ask("DELETE", path)) as { readonly removed: number }).removed;
    },

    async signedUrl(request: Parameters<Operator["signedUrl"]>[0]): Promise<string> {
      return ((await post(exchange, "/url", request)) as { readonly url: string }).url;
    },

    async health(): Promise<Health> {
      return (await get(exchange, "/health")) as Health;
    },

    /** @throws Refusal: the API has metrics as text alone, at `/metrics` */
    async metrics(): Promise<readonly Metric[]> {
      throw new Refusal("invalid", `read ${exchange.url}/metrics instead`);
    },
  };
}
