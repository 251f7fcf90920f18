/** For logs and reports: text from outside with every character that is no visible ASCII as a question mark. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
