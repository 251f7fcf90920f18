/** Whether the platform takes it for a version. */
export function isVersion(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,32}$/.test(text);
}
