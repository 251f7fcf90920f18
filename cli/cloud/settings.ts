import { type CloudChoice, withOperator } from "./operator.js";
import { counted, say, sayJson } from "./text.js";

/** `ota-cloud settings` */
export async function settings({
  keepEvents,
  leastSaving,
  json,
  ...choice
}: CloudChoice & {
  /** Days. */
  readonly keepEvents?: number;
  /** Percent. */
  readonly leastSaving?: number;
  readonly json?: boolean;
}): Promise<void> {
  await withOperator(choice, "settings", async ({ operator, actor }) => {
    const change = {
      ...(keepEvents === undefined ? {} : { keepEventsDays: keepEvents }),
      ...(leastSaving === undefined ? {} : { leastSavingPercent: leastSaving }),
    };
    const isChange = Object.keys(change).length > 0;
    const now = await (isChange ? operator.changeSettings(change, actor) : operator.settings());
    if (json === true) {
      sayJson(now);
      return;
    }
    say(`the history is kept for ${counted(now.keepEventsDays, "day")}`);
    say(`a delta or a compressed image is offered if it is ${now.leastSavingPercent}% smaller than the whole file`);
  });
}
