import { locale, texts } from "../../state/language.js";
import { wholeNumber } from "../../text/numbers.js";
import { stageSize } from "./stages.js";

/** How many a stage is: devices, or updates if each device gets several. Empty if that is not known. */
export function stageWords(stage: string, matches: number | undefined, components: number): string {
  const { planForm } = texts.value;
  const percent = Number(stage);
  if (matches === undefined || !(percent >= 1 && percent <= 100)) return "";
  const size = stageSize(matches * components, percent);
  const count = wholeNumber(size, locale.value);
  return components > 1 ? planForm.stageUpdates(count) : planForm.stageDevices(count, size === 1);
}
