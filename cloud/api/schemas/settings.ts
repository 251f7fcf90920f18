import { z } from "zod";
import { type CloudSettings, MOST_KEEP_EVENTS_DAYS, type SettingsChange } from "../../operator/types.js";
import { named } from "./named.js";

const keepEventsDays = z.int().min(1).max(MOST_KEEP_EVENTS_DAYS);

const leastSavingPercent = z.int().min(0).max(100);

export const settings = named(
  "Settings",
  z.strictObject({ keepEventsDays, leastSavingPercent }) satisfies z.ZodType<CloudSettings>,
);
export const settingsChange = named(
  "SettingsChange",
  z.strictObject({
    keepEventsDays: keepEventsDays.exactOptional(),
    leastSavingPercent: leastSavingPercent.exactOptional(),
  }) satisfies z.ZodType<SettingsChange>,
);
