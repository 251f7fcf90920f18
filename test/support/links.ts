/** @returns the relative links of a page, outside of its code blocks */
export function linksOf(text: string): string[] {
  return [...text.replace(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}
