import { z } from "zod";
import type { Overview } from "../../operator/types.js";
import { id, time } from "./common.js";
import { named } from "./named.js";
import { packageState } from "./packages.js";
import { plan } from "./plans.js";

const count = z.int().min(0);

export const overview = named(
  "Overview",
  z.strictObject({
    at: time,
    devices: count,
    online: count.nullable(),
    versions: z.array(z.strictObject({ component: z.string(), version: z.string(), devices: count })),
    packages: named("PackageCounts", z.record(packageState, count)),
    plans: z.array(plan),
    failures: z.array(
      z.strictObject({ planId: id, state: z.enum(["failed", "declined", "silent"]), reason: z.string(), tasks: count }),
    ),
    attention: z.array(
      z.strictObject({
        kind: z.enum(["plan-halted", "plan-paused", "plan-silent", "plan-refused", "plan-variant-refused", "problem"]),
        planId: id.exactOptional(),
        count: count.exactOptional(),
        code: z.string().exactOptional(),
        message: z.string().exactOptional(),
      }),
    ),
  }) satisfies z.ZodType<Overview>,
);
