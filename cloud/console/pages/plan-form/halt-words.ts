import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { haltingCount } from "./stages.js";

/** When the plan halts, as a sentence; empty as long as the numbers are not right. */
export function haltSentence(percent: string, atLeast: string): string {
  const [share, first] = [Number(percent), Number(atLeast)];
  if (!(share >= 1 && share <= 100 && Number.isInteger(first) && first >= 1)) return "";
  const bad = wholeNumber(haltingCount(share, first), locale.value);
  return texts.value.planForm.haltSentence(bad, wholeNumber(first, locale.value));
}
