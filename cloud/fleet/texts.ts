import type { PlanText } from "./types.js";

/**
 * The one text that an offer carries: in the device's language, in its language without the region, in English, or in
 * any that there is.
 *
 * @param language of the device, as "zh-CN"; `undefined` if it is not known
 */
export function textFor(
  texts: { readonly [language: string]: PlanText },
  language: string | undefined,
): PlanText | undefined {
  const [base] = (language ?? "").split("-");
  for (const wanted of [language, base, "en"]) {
    if (wanted !== undefined && Object.hasOwn(texts, wanted)) return texts[wanted];
  }
  return Object.values(texts)[0];
}
