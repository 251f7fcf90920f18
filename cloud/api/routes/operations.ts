import { z } from "zod";
import { ApiProblem } from "../problem.js";
import { type Route, route } from "../route.js";
import { idInPath, page, wholeNumber } from "../schemas/common.js";
import {
  audit,
  eventFilter,
  eventFilterOf,
  events,
  fault,
  faults,
  faultSpec,
  health,
  removed,
  tokenRequest,
  tokens,
  tokenWithText,
  url,
  urlRequest,
} from "../schemas/operations.js";
import { demand } from "../authority.js";
import { pageOf } from "./page-of.js";

export const operationRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/events",
    summary: "The events that fit the filter, page by page.",
    role: "viewer",
    query: z.strictObject({ ...eventFilter, ...page }),
    status: 200,
    answer: events,
    handle: ({ query }, { operator }) => operator.events(eventFilterOf(query), pageOf(query)),
  }),
  route({
    method: "delete",
    path: "/events",
    summary: "Removes the events before a time, or of a plan.",
    role: "admin",
    query: z.strictObject({ beforeMs: wholeNumber.exactOptional(), plan: wholeNumber.exactOptional() }),
    status: 200,
    answer: removed,
    handle: async ({ query: { beforeMs, plan }, actor }, { operator }) => {
      if (beforeMs === undefined && plan === undefined) throw new ApiProblem("invalid", "give beforeMs, plan or both");
      const request = {
        ...(beforeMs === undefined ? {} : { beforeMs }),
        ...(plan === undefined ? {} : { planId: plan }),
      };
      return { removed: await operator.purgeEvents(request, actor) };
    },
  }),
  route({
    method: "get",
    path: "/events/stream",
    summary:
      "Server-sent events: new events, and changes of plans, packages, presence and health. Last-Event-ID replays missed events.",
    role: "viewer",
    query: z.strictObject({ ...eventFilter, after: wholeNumber.exactOptional() }),
    status: 200,
    answerTypes: ["text/event-stream"],
    handle: ({ query, context }, { streams, authority }) => {
      const last = context.req.header("Last-Event-ID");
      if (last !== undefined && !/^[0-9]{1,15}$/.test(last)) {
        throw new ApiProblem("invalid", "Last-Event-ID is not the id of an event");
      }
      return streams.open(context, {
        filter: eventFilterOf(query),
        after: last === undefined ? query.after : Number(last),
        mayRead: async () => {
          demand("viewer", await authority.principalOf(context));
          return true;
        },
      });
    },
  }),
  route({
    method: "get",
    path: "/audit",
    summary: "Who did what, when and from where, page by page.",
    role: "viewer",
    query: z.strictObject(page),
    status: 200,
    answer: audit,
    handle: ({ query }, { operator }) => operator.audit(pageOf(query)),
  }),
  route({
    method: "get",
    path: "/tokens",
    summary: "The tokens, without their text.",
    role: "admin",
    status: 200,
    answer: tokens,
    handle: async (_asked, { operator }) => ({ items: await operator.tokens() }),
  }),
  route({
    method: "post",
    path: "/tokens",
    summary: "Makes a token. The answer has its text, which is shown this once.",
    role: "admin",
    body: tokenRequest,
    status: 201,
    answer: tokenWithText,
    handle: ({ body, actor }, { operator }) => operator.newToken(body, actor),
  }),
  route({
    method: "delete",
    path: "/tokens/{id}",
    summary: "Revokes a token, and ends the sessions that it has begun.",
    role: "admin",
    params: idInPath,
    status: 204,
    handle: async ({ params, actor }, { operator, sessions, streams }) => {
      await operator.revokeToken(params.id, actor);
      sessions.endOfToken(params.id);
      await streams.check();
    },
  }),
  route({
    method: "get",
    path: "/faults",
    summary: "The faults of the cloud, for tests of devices.",
    role: "viewer",
    status: 200,
    answer: faults,
    handle: async (_asked, { operator }) => ({ items: await operator.faults() }),
  }),
  route({
    method: "post",
    path: "/faults",
    summary: "Adds a fault.",
    role: "operator",
    body: faultSpec,
    status: 201,
    answer: fault,
    handle: ({ body, actor }, { operator }) => operator.addFault(body, actor),
  }),
  route({
    method: "delete",
    path: "/faults",
    summary: "Removes all faults.",
    role: "operator",
    status: 200,
    answer: removed,
    handle: async ({ actor }, { operator }) => ({ removed: await operator.clearFaults(undefined, actor) }),
  }),
  route({
    method: "delete",
    path: "/faults/{id}",
    summary: "Removes a fault.",
    role: "operator",
    params: idInPath,
    status: 200,
    answer: removed,
    handle: async ({ params, actor }, { operator }) => ({ removed: await operator.clearFaults(params.id, actor) }),
  }),
  route({
    method: "post",
    path: "/url",
    summary: "A signed URL of a file, as a device gets it. Whoever has it can download the file.",
    role: "operator",
    body: urlRequest,
    status: 200,
    answer: url,
    handle: async ({ body }, { operator }) => ({ url: await operator.signedUrl(body) }),
  }),
  route({
    method: "get",
    path: "/health",
    summary: "Whether the cloud is well, and what is wrong.",
    role: "viewer",
    status: 200,
    answer: health,
    handle: (_asked, { operator }) => operator.health(),
  }),
];
