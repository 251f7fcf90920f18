import { z } from "zod";
import { MOST_POINTS, type PlanTimeline, type VersionHistory } from "../../operator/types.js";
import { component, productId, time, wholeNumber } from "./common.js";
import { named } from "./named.js";
import { counts } from "./plans.js";

const points = wholeNumber.refine((count) => count >= 2 && count <= MOST_POINTS, `2 to ${MOST_POINTS}`);

export const versionHistoryQuery = z.strictObject({
  product: productId,
  component: component.exactOptional(),
  from: wholeNumber.exactOptional(),
  to: wholeNumber.exactOptional(),
  points: points.exactOptional(),
});
export const versionHistory = named(
  "VersionHistory",
  z.strictObject({
    from: time,
    to: time,
    versions: z.array(z.string()),
    points: z.array(
      z.strictObject({
        at: time,
        online: z.int().min(0).nullable(),
        devices: z.record(z.string(), z.int().min(0)),
      }),
    ),
  }) satisfies z.ZodType<VersionHistory>,
);

export const planTimelineQuery = z.strictObject({ points: points.exactOptional() });
export const planTimeline = named(
  "PlanTimeline",
  z.strictObject({ points: z.array(z.strictObject({ at: time, counts })) }) satisfies z.ZodType<PlanTimeline>,
);
