/**
 * Whether a version is lower than another one, if both are numbers with dots between them: 1.9 is lower than 1.10, and
 * 1.2 is 1.2.0. Versions of any other form are not compared, nor are numbers that are too long to be exact.
 */
export function isLower(version: string, than = ""): boolean {
  const form = /^[0-9]{1,15}(\.[0-9]{1,15})*$/;
  if (!form.test(version) || !form.test(than)) return false;
  const [left, right] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const at = left.findIndex((number, index) => number !== (right[index] ?? 0));
  if (at < 0) return right.slice(left.length).some((number) => number > 0);
  return (left[at] as number) < (right[at] ?? 0);
}
