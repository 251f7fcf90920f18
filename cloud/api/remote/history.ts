import type {
  HistoryOperations,
  Overview,
  OverviewOperations,
  PlanTimeline,
  VersionHistory,
  VersionHistoryQuery,
} from "../../operator/types.js";
import type { HttpExchange } from "../http-exchange.js";
import { get } from "./ask.js";

/** What is counted now and in the course of time, over the API. */
export function remoteHistory(exchange: HttpExchange): OverviewOperations & HistoryOperations {
  return {
    async overview({ productId }: { readonly productId?: string }): Promise<Overview> {
      return (await get(exchange, "/overview", { product: productId })) as Overview;
    },

    async versionHistory({ productId, ...query }: VersionHistoryQuery): Promise<VersionHistory> {
      return (await get(exchange, "/history/versions", { product: productId, ...query })) as VersionHistory;
    },

    async planTimeline(id: number, query: { readonly points?: number } = {}): Promise<PlanTimeline> {
      return (await get(exchange, `/plans/${id}/timeline`, { ...query })) as PlanTimeline;
    },
  };
}
