import { texts } from "../../state/language.js";
import { wordOf } from "../../text/words.js";

/** What a result code means, in words. */
export function retryCodeWord(code: string): string {
  const { codes, planForm } = texts.value;
  if (code === "*") return planForm.anyCode;
  return code === "silent" ? codes.taskState.silent : wordOf(codes.reason, code);
}
