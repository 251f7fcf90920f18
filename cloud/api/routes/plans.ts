import { z } from "zod";
import type { Actor, Operator, PlanView, TaskFilter } from "../../operator/types.js";
import { type Route, route } from "../route.js";
import { idInPath, page, productId } from "../schemas/common.js";
import {
  plan,
  planInput,
  plans,
  planState,
  preview,
  previewPart,
  reasons,
  retry,
  task,
  taskFilter,
  tasks,
} from "../schemas/plans.js";
import { ApiProblem } from "../problem.js";
import { pageOf } from "./page-of.js";

const planActions: readonly (readonly [
  name: string,
  summary: string,
  act: (operator: Operator, id: number, actor: Actor) => Promise<PlanView>,
])[] = [
  ["activate", "Activates a draft.", (operator, ...request) => operator.activatePlan(...request)],
  ["pause", "Pauses a plan: no further task begins.", (operator, ...request) => operator.pausePlan(...request)],
  [
    "resume",
    "Goes on with a plan that is paused or halted.",
    (operator, ...request) => operator.resumePlan(...request),
  ],
  ["cancel", "Cancels a plan for good.", (operator, ...request) => operator.cancelPlan(...request)],
  [
    "stop",
    "Stops a plan in an emergency: tasks are taken back, and running downloads end.",
    (operator, ...request) => operator.stopPlan(...request),
  ],
];

export const planRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/plans",
    summary: "The plans, page by page.",
    role: "viewer",
    query: z.strictObject({ product: productId.exactOptional(), state: planState.exactOptional(), ...page }),
    status: 200,
    answer: plans,
    handle: ({ query }, { operator }) => {
      const { product, state } = query;
      const filter = {
        ...(product === undefined ? {} : { productId: product }),
        ...(state === undefined ? {} : { state }),
      };
      return operator.plans(filter, pageOf(query));
    },
  }),
  route({
    method: "post",
    path: "/plans",
    summary: "Creates a plan, as a draft.",
    role: "operator",
    body: planInput,
    status: 201,
    answer: plan,
    handle: ({ body, actor }, { operator }) => operator.createPlan(body, actor),
  }),
  route({
    method: "post",
    path: "/plans/preview",
    summary: "Which devices a plan that was not created yet would update, and why not the others.",
    role: "viewer",
    query: previewPart,
    body: planInput,
    status: 200,
    answer: preview,
    handle: ({ body, query }, { operator }) => operator.preview(body, query),
  }),
  route({
    method: "get",
    path: "/plans/{id}",
    summary: "A plan.",
    role: "viewer",
    params: idInPath,
    status: 200,
    answer: plan,
    handle: ({ params }, { operator }) => operator.plan(params.id),
  }),
  route({
    method: "put",
    path: "/plans/{id}",
    summary: "Changes a draft. The body is the whole plan, as for a new one.",
    role: "operator",
    params: idInPath,
    body: planInput,
    status: 200,
    answer: plan,
    handle: ({ params, body, actor }, { operator }) => operator.editPlan(params.id, body, actor),
  }),
  route({
    method: "delete",
    path: "/plans/{id}",
    summary: "Deletes a draft.",
    role: "operator",
    params: idInPath,
    status: 204,
    handle: ({ params, actor }, { operator }) => operator.deletePlan(params.id, actor),
  }),
  route({
    method: "get",
    path: "/plans/{id}/preview",
    summary: "Which devices a plan would update, and why not the others.",
    role: "viewer",
    params: idInPath,
    query: previewPart,
    status: 200,
    answer: preview,
    handle: ({ params, query }, { operator }) => operator.preview(params.id, query),
  }),
  route({
    method: "get",
    path: "/plans/{id}/reasons",
    summary: "How many tasks of a plan are in each state, by the reason.",
    role: "viewer",
    params: idInPath,
    status: 200,
    answer: reasons,
    handle: async ({ params }, { operator }) => ({ items: await operator.planReasons(params.id) }),
  }),
  ...planActions.map(([name, summary, act]) =>
    route({
      method: "post",
      path: `/plans/{id}/${name}`,
      summary,
      role: "operator",
      params: idInPath,
      status: 200,
      answer: plan,
      handle: ({ params, actor }, { operator }) => act(operator, params.id, actor),
    }),
  ),
  route({
    method: "post",
    path: "/plans/{id}/retry",
    summary: "Tries failed and silent tasks again; all of them, or those that are named.",
    role: "operator",
    params: idInPath,
    body: retry,
    status: 200,
    answer: plan,
    handle: ({ params, body, actor }, { operator }) => operator.retryPlan(params.id, body, actor),
  }),
  route({
    method: "get",
    path: "/tasks",
    summary: "The tasks that fit the filter, page by page.",
    role: "viewer",
    query: z.strictObject({ ...taskFilter, ...page }),
    status: 200,
    answer: tasks,
    handle: ({ query }, { operator }) => operator.tasks(taskFilterOf(query), pageOf(query)),
  }),
  route({
    method: "post",
    path: "/tasks/{id}/cancel",
    summary: "Cancels a task.",
    role: "operator",
    params: idInPath,
    status: 200,
    answer: task,
    handle: ({ params, actor }, { operator }) => operator.cancelTask(params.id, actor),
  }),
];

const taskFilterObject = z.object(taskFilter);

/** @throws ApiProblem if a device is named without its product */
export function taskFilterOf(query: z.output<typeof taskFilterObject>): TaskFilter {
  const { plan: planId, product, device, state, reason } = query;
  if (product === undefined && device !== undefined) throw new ApiProblem("invalid", "give the product of the device");
  return {
    ...(planId === undefined ? {} : { planId }),
    ...(product === undefined
      ? {}
      : device === undefined
        ? { productId: product }
        : { device: { productId: product, deviceName: device } }),
    ...(state === undefined ? {} : { state }),
    ...(reason === undefined ? {} : { reason }),
  };
}
