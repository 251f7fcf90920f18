/** For logs and reports: replaces every character of a text from outside that is not visible ASCII by `?`. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
