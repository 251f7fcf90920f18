import type {
  Operator,
  Page,
  Paged,
  PlanInput,
  PlanOperations,
  PlanStateName,
  PlanView,
  Preview,
  PreviewPart,
  ReasonCount,
  TaskFilter,
  TaskOperations,
  TaskView,
  UpgradeOperations,
} from "../../operator/types.js";
import type { CloudStatus, UpgradeRequest } from "../../types.js";
import type { HttpExchange } from "../http-exchange.js";
import { get, items, post } from "./ask.js";

/** Plans and their tasks, over the API. */
export function remotePlans(exchange: HttpExchange): PlanOperations & TaskOperations & UpgradeOperations {
  return {
    async createPlan(plan: PlanInput): Promise<PlanView> {
      return (await post(exchange, "/plans", plan)) as PlanView;
    },

    async plans(
      { productId, state }: { readonly productId?: string; readonly state?: PlanStateName },
      page: Page,
    ): Promise<Paged<PlanView>> {
      return (await get(exchange, "/plans", { product: productId, state, ...page })) as Paged<PlanView>;
    },

    async plan(id: number): Promise<PlanView> {
      return (await get(exchange, `/plans/${id}`)) as PlanView;
    },

    async editPlan(id: number, plan: PlanInput): Promise<PlanView> {
      return (await exchange.ask("PUT", `/plans/${id}`, { body: plan })) as PlanView;
    },

    async preview(plan: number | PlanInput, part: PreviewPart = {}): Promise<Preview> {
      const query = { ...part };
      if (typeof plan === "number") return (await get(exchange, `/plans/${plan}/preview`, query)) as Preview;
      return (await exchange.ask("POST", "/plans/preview", { query, body: plan })) as Preview;
    },

    activatePlan(id: number): Promise<PlanView> {
      return act(exchange, id, "activate");
    },

    pausePlan(id: number): Promise<PlanView> {
      return act(exchange, id, "pause");
    },

    resumePlan(id: number): Promise<PlanView> {
      return act(exchange, id, "resume");
    },

    cancelPlan(id: number): Promise<PlanView> {
      return act(exchange, id, "cancel");
    },

    stopPlan(id: number): Promise<PlanView> {
      return act(exchange, id, "stop");
    },

    retryPlan(id: number, request: { readonly tasks?: readonly number[] }): Promise<PlanView> {
      return act(exchange, id, "retry", request);
    },

    async deletePlan(id: number): Promise<void> {
      await exchange.ask("DELETE", `/plans/${id}`);
    },

    async planReasons(id: number): Promise<readonly ReasonCount[]> {
      return items(await get(exchange, `/plans/${id}/reasons`));
    },

    async tasks(filter: TaskFilter, page: Page): Promise<Paged<TaskView>> {
      const { planId, productId, device, state, reason } = filter;
      const product = device?.productId ?? productId;
      const query = { plan: planId, product, device: device?.deviceName, state, reason };
      return (await get(exchange, "/tasks", { ...query, ...page })) as Paged<TaskView>;
    },

    async cancelTask(id: number): Promise<TaskView> {
      return (await post(exchange, `/tasks/${id}/cancel`)) as TaskView;
    },

    async upgrade(request: UpgradeRequest): ReturnType<Operator["upgrade"]> {
      return (await post(exchange, "/upgrades", request)) as Awaited<ReturnType<Operator["upgrade"]>>;
    },

    async status(): Promise<CloudStatus> {
      return (await get(exchange, "/status")) as CloudStatus;
    },
  };
}

async function act(exchange: HttpExchange, id: number, action: string, body?: object): Promise<PlanView> {
  return (await post(exchange, `/plans/${id}/${action}`, body)) as PlanView;
}
