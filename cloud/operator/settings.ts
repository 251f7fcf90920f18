import { keepEventsDays, setKeepEventsDays } from "../history/retention.js";
import { leastSavingPercent, setLeastSavingPercent } from "../rollout/offered-file.js";
import type { Tables } from "../store/tables/tables.js";
import { audit, type OperatorContext } from "./context.js";
import { type Actor, type CloudSettings, MOST_KEEP_EVENTS_DAYS, Refusal, type SettingsChange } from "./types.js";

export async function settingsOf({ transactions }: OperatorContext): Promise<CloudSettings> {
  return settingsIn(transactions.tables);
}

/** What is the same already is neither stored nor in the audit. @throws Refusal */
export async function changeSettings(
  context: OperatorContext,
  { keepEventsDays: days, leastSavingPercent: saving }: SettingsChange,
  actor: Actor,
): Promise<CloudSettings> {
  if (days !== undefined && !isWithin(days, 1, MOST_KEEP_EVENTS_DAYS)) {
    throw new Refusal("invalid", `events are kept for 1 to ${MOST_KEEP_EVENTS_DAYS} days`);
  }
  if (saving !== undefined && !isWithin(saving, 0, 100)) {
    throw new Refusal("invalid", "a delta saves 0 to 100 percent");
  }
  await context.transactions.run(async (work) => {
    const before = await settingsIn(work.tables);
    if (days !== undefined && days !== before.keepEventsDays) {
      await setKeepEventsDays(work.tables, days);
      await audit(work, actor, "settings-change", "", { keepEventsDays: days, before: before.keepEventsDays });
    }
    if (saving !== undefined && saving !== before.leastSavingPercent) {
      await setLeastSavingPercent(work.tables, saving);
      await audit(work, actor, "settings-change", "", {
        leastSavingPercent: saving,
        before: before.leastSavingPercent,
      });
    }
  });
  return settingsOf(context);
}

async function settingsIn(tables: Tables): Promise<CloudSettings> {
  return { keepEventsDays: await keepEventsDays(tables), leastSavingPercent: await leastSavingPercent(tables) };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
