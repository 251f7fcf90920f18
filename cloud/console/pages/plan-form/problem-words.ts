import type { Texts } from "../../text/en/index.js";
import type { FormProblem } from "./problems.js";

const DAY_SECONDS = 86_400;

/** @returns what is wrong, in the words of the page */
export function problemWords(words: Texts["planForm"], problem: FormProblem): string {
  switch (problem.code) {
    case "missing":
      return words.problem[problem.field.endsWith(".version") ? "no-version" : "missing"];
    case "too-long":
      return words.tooLong(problem.most);
    case "too-many":
      return words.tooMany(problem.most);
    case "out-of-range":
      return problem.field.endsWith("Seconds")
        ? words.wrongDuration(problem.most / DAY_SECONDS)
        : words.wrongNumber(problem.least, problem.most);
    default:
      return words.problem[problem.code];
  }
}
