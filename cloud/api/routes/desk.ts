import { type Route, route } from "../route.js";
import { status, upgraded, upgradeRequest } from "../schemas/desk.js";

/** What the commands at a desk ask, in the words of the vendor's console. */
export const deskRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/upgrades",
    summary:
      "Upgrades devices at once, in one of the console's three ways: a plan without pace, halt and verification.",
    role: "operator",
    body: upgradeRequest,
    status: 201,
    answer: upgraded,
    handle: ({ body, actor }, { operator }) => operator.upgrade(body, actor),
  }),
  route({
    method: "get",
    path: "/status",
    summary: "All firmware, and each device with its newest task.",
    role: "viewer",
    status: 200,
    answer: status,
    handle: (_asked, { operator }) => operator.status(),
  }),
];
