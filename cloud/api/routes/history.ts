import { z } from "zod";
import { type Route, route } from "../route.js";
import { idInPath, productId } from "../schemas/common.js";
import { planTimeline, planTimelineQuery, versionHistory, versionHistoryQuery } from "../schemas/history.js";
import { overview } from "../schemas/overview.js";

export const historyRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/overview",
    summary: "What the cloud looks like now: devices, versions, packages, plans, failures, and what wants attention.",
    role: "viewer",
    query: z.strictObject({ product: productId.exactOptional() }),
    status: 200,
    answer: overview,
    handle: ({ query: { product } }, { operator }) =>
      operator.overview(product === undefined ? {} : { productId: product }),
  }),
  route({
    method: "get",
    path: "/history/versions",
    summary: "How many devices of a product ran each version of a component, and how many were online.",
    role: "viewer",
    query: versionHistoryQuery,
    status: 200,
    answer: versionHistory,
    handle: ({ query: { product, ...query } }, { operator }) =>
      operator.versionHistory({ productId: product, ...query }),
  }),
  route({
    method: "get",
    path: "/plans/{id}/timeline",
    summary: "How many tasks of a plan were in each state.",
    role: "viewer",
    params: idInPath,
    query: planTimelineQuery,
    status: 200,
    answer: planTimeline,
    handle: ({ params, query }, { operator }) => operator.planTimeline(params.id, query),
  }),
];
