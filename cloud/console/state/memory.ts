/** @returns what the browser remembers of an earlier visit; a browser that remembers nothing has none */
export function remembered(key: string): string | undefined {
  try {
    return localStorage.getItem(`ota-console.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`ota-console.${key}`, value);
  } catch {
    // It is asked again at the next visit.
  }
}
