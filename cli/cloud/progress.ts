/** Shows on a terminal how far something is, in the place of what was shown before. */
export function showProgress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line.slice(0, process.stdout.columns - 1)}`);
}

export function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
}
