import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { minify } from "terser";
import { catalogOf } from "./catalog.mjs";

const LANGUAGES = ["en", "zh"];

/**
 * Makes the page of the console whole: its scripts are minified, its style sheets become one, and its files that need
 * no work are copied.
 *
 * @param {{ source: string, compiled: string }} options `source`: folder of the page; `compiled`: where tsc has put it
 */
export function consolePage({ source, compiled }) {
  return {
    name: "console page",
    async renderChunk(code) {
      const { code: small = "" } = await minify(code, { module: true, ecma: 2022, compress: { passes: 2 } });
      return { code: small, map: null };
    },
    async generateBundle() {
      const read = (...path) => readFileSync(join(...path), "utf8");
      const sheets = read(source, "style", "index.css").replace(/@import "([^"]+)";/g, (_, name) =>
        read(source, "style", name),
      );
      this.emitFile({ type: "asset", fileName: "console.css", source: smaller(sheets) });
      for (const language of LANGUAGES) {
        const { [language]: words } = await import(pathToFileURL(join(compiled, "text", language, "index.js")).href);
        const text = JSON.stringify(catalogOf(words, language));
        this.emitFile({ type: "asset", fileName: `text-${language}.json`, source: text });
      }
      for (const fileName of ["index.html", "icon.svg"]) {
        this.emitFile({ type: "asset", fileName, source: read(source, fileName) });
      }
    },
  };
}

/** @returns a style sheet without its comments and indentation */
function smaller(style) {
  return style
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}
