import { z } from "zod";
import {
  type AuditView,
  type EventFilter,
  type EventView,
  type Health,
  ROLES,
  type TokenView,
} from "../../operator/types.js";
import { deviceName, deviceNameText, id, object, paged, productId, time, version, wholeNumber } from "./common.js";
import { named } from "./named.js";

export const event = named(
  "Event",
  z.strictObject({
    id,
    at: time,
    kind: z.string(),
    device: deviceName.exactOptional(),
    planId: id.exactOptional(),
    taskId: id.exactOptional(),
    detail: object,
  }) satisfies z.ZodType<EventView>,
);
export const events = paged("Events", event);

/** The part of a query that chooses events. */
export const eventFilter = {
  product: productId.exactOptional(),
  device: deviceNameText.exactOptional(),
  plan: wholeNumber.exactOptional(),
  task: wholeNumber.exactOptional(),
  kind: z.string().max(64).exactOptional(),
};
const eventFilterObject = z.object(eventFilter);

export function eventFilterOf(query: z.output<typeof eventFilterObject>): EventFilter {
  const { product, device, plan, task, kind } = query;
  return {
    ...(product === undefined ? {} : { productId: product }),
    ...(device === undefined ? {} : { deviceName: device }),
    ...(plan === undefined ? {} : { planId: plan }),
    ...(task === undefined ? {} : { taskId: task }),
    ...(kind === undefined ? {} : { kind }),
  };
}

export const removed = named("Removed", z.strictObject({ removed: z.int().min(0) }));

export const audit = paged(
  "Audit",
  named(
    "AuditEntry",
    z.strictObject({
      id,
      at: time,
      actor: z.string(),
      origin: z.string(),
      action: z.string(),
      subject: z.string(),
      detail: object,
    }) satisfies z.ZodType<AuditView>,
  ),
);

const tokenFields = {
  id,
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: time,
  expiresAt: time.exactOptional(),
  lastUsedAt: time.exactOptional(),
  revokedAt: time.exactOptional(),
};
const token = named("Token", z.strictObject(tokenFields) satisfies z.ZodType<TokenView>);
export const tokens = named("Tokens", z.strictObject({ items: z.array(token) }));
export const tokenWithText = named("NewToken", z.strictObject({ ...tokenFields, token: z.string() }));
export const tokenRequest = named(
  "TokenRequest",
  z.strictObject({ name: z.string().min(1).max(64), role: z.enum(ROLES), expiresAt: time.exactOptional() }),
);

/** A fault, as `ota-cloud serve --faults` takes it. Its keys are checked by the faults, which name the wrong one. */
export const faultSpec = named("FaultSpec", object);
export const fault = named("Fault", z.strictObject({ id, spec: object, struck: z.int().min(0) }));
export const faults = named("Faults", z.strictObject({ items: z.array(fault) }));

export const urlRequest = named(
  "UrlRequest",
  z.strictObject({
    productId,
    version: version.exactOptional(),
    deviceName: deviceNameText.exactOptional(),
    lifetimeSec: z.number().min(0).max(31_536_000).exactOptional(),
  }),
);
export const url = named("SignedUrl", z.strictObject({ url: z.string() }));

export const health = named(
  "Health",
  z.strictObject({
    ok: z.boolean(),
    problems: z.array(z.strictObject({ code: z.string(), message: z.string(), sinceMs: z.number() })),
    startedAt: time,
    devicesOnline: z.int().min(0).nullable(),
    broker: z.enum(["own", "connected", "disconnected", "unknown"]),
  }) satisfies z.ZodType<Health>,
);

export const signIn = named(
  "SignIn",
  z.strictObject({ code: z.string().max(200).exactOptional(), token: z.string().max(200).exactOptional() }),
);
export const session = named(
  "Session",
  z.strictObject({ name: z.string(), role: z.enum(ROLES), expiresAt: time.exactOptional() }),
);

export const problem = named(
  "Problem",
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), message: z.string() })),
  }),
);
