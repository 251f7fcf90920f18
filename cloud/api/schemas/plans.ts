import { z } from "zod";
import { type PlanView, type Preview, TASK_STATES, type TaskView } from "../../operator/types.js";
import { deviceName, deviceNameText, id, object, paged, productId, time } from "./common.js";
import { named } from "./named.js";

export const taskState = z.enum(TASK_STATES);
export const planState = z.enum(["draft", "active", "paused", "halted", "finished", "cancelled"]);

/** plan.json. Its keys are checked by the domain, which knows them and names the wrong one. */
export const planInput = named("PlanInput", object);

export const plan = named(
  "Plan",
  z.strictObject({
    id,
    name: z.string(),
    productId,
    purpose: z.enum(["update", "verification"]),
    state: planState,
    reason: z.string(),
    counts: named("Counts", z.record(taskState, z.int().min(0))),
    settings: planInput,
    createdAt: time,
    activatedAt: time.exactOptional(),
    endedAt: time.exactOptional(),
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
  }) satisfies z.ZodType<Preview>,
);
export const retry = named("Retry", z.strictObject({ tasks: z.array(id).min(1).max(10_000).exactOptional() }));
