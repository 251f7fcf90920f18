const ELLIPSIS = "…";

/**
 * Compares what a block printed with what its page shows. In the page a line `…` stands for any number of lines, and
 * `…` inside a line for any characters.
 *
 * @returns what the output lacks, `undefined` if it is as shown
 */
export function difference(shown: string, printed: string): string | undefined {
  const shownLines = linesOf(shown);
  const printedLines = linesOf(printed);
  const whole = shownLines.map((line) => (line === ELLIPSIS ? "(?:.*\n)*" : `${patternOf(line)}\n`)).join("");
  if (new RegExp(`^${whole}$`).test(`${printedLines.join("\n")}\n`)) return undefined;
  const missing = shownLines.find((line) => {
    const pattern = new RegExp(`^${patternOf(line)}$`);
    return line !== ELLIPSIS && !printedLines.some((each) => pattern.test(each));
  });
  return missing ?? "the same lines, but other lines between them or another order";
}

function linesOf(text: string): string[] {
  return text
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => line.trimEnd());
}

function patternOf(line: string): string {
  return line
    .split(ELLIPSIS)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
}
