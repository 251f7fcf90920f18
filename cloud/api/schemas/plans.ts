import { z } from "zod";
import { type PlanView, type Preview, type ReasonCount, TASK_STATES, type TaskView } from "../../operator/types.js";
import { deviceName, deviceNameText, id, object, PAGE_LIMIT, paged, productId, time, wholeNumber } from "./common.js";
import { named } from "./named.js";

const count = z.int().min(0);

export const taskState = z.enum(TASK_STATES);
export const planState = z.enum(["draft", "active", "paused", "halted", "finished", "cancelled"]);

/** plan.json. Its keys are checked by the domain, which knows them and names the wrong one. */
export const planInput = named("PlanInput", object);

export const counts = named("Counts", z.record(taskState, z.int().min(0)));

export const plan = named(
  "Plan",
  z.strictObject({
    id,
    name: z.string(),
    productId,
    purpose: z.enum(["update", "verification"]),
    state: planState,
    reason: z.string(),
    counts,
    settings: planInput,
    createdAt: time,
    activatedAt: time.exactOptional(),
    endedAt: time.exactOptional(),
    urlsLiveUntil: time.exactOptional(),
  }) satisfies z.ZodType<PlanView>,
);
export const plans = paged("Plans", plan);

export const task = named(
  "Task",
  z.strictObject({
    id,
    planId: id,
    productId,
    deviceName: deviceNameText,
    component: z.string(),
    state: taskState,
    reason: z.string(),
    version: z.string(),
    percent: z.int().exactOptional(),
    variant: z
      .strictObject({
        form: z.enum(["delta", "compressed"]),
        sourceVersion: z.string().exactOptional(),
        size: z.int().min(0),
      })
      .exactOptional(),
    variantRefusal: z.string().exactOptional(),
    attempt: z.int().min(0),
    resultCode: z.string().exactOptional(),
    resultMessage: z.string().exactOptional(),
    deadlineAt: time.exactOptional(),
    nextTryAt: time.exactOptional(),
    updatedAt: time,
  }) satisfies z.ZodType<TaskView>,
);
export const tasks = paged("Tasks", task);

export const preview = named(
  "Preview",
  z.strictObject({
    matches: z.array(deviceName),
    left: z.array(z.strictObject({ productId, deviceName: deviceNameText, reason: z.string() })),
    counts: z.strictObject({ matches: count, left: count, byReason: z.record(z.string(), count) }),
  }) satisfies z.ZodType<Preview>,
);
/** The part of a query that chooses tasks. */
export const taskFilter = {
  plan: wholeNumber.exactOptional(),
  product: productId.exactOptional(),
  device: deviceNameText.exactOptional(),
  state: taskState.exactOptional(),
  reason: z.string().max(64).exactOptional(),
};

export const reasons = named(
  "PlanReasons",
  z.strictObject({
    items: z.array(
      z.strictObject({ state: taskState, reason: z.string(), tasks: count }) satisfies z.ZodType<ReasonCount>,
    ),
  }),
);

/** The part of a query that chooses what of a preview is listed; it is counted in any case. */
export const previewPart = z.strictObject({
  limit: wholeNumber.refine((limit) => limit <= PAGE_LIMIT, `0 to ${PAGE_LIMIT}`).exactOptional(),
  reason: z.string().max(64).exactOptional(),
});
export const retry = named("Retry", z.strictObject({ tasks: z.array(id).min(1).max(10_000).exactOptional() }));
