import { mkdirSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { minify } from "terser";

/** mqtt-packet's parser calls these by the names it keeps in a list. */
const CALLED_BY_NAME = ["_parseHeader", "_parseLength", "_parsePayload", "_newPacket"];

/** Private by the convention of mqtt-packet and spark-md5; our own `#private` names were made so before. */
const PRIVATE = /^_/;

const OPTIONS = {
  module: true,
  ecma: 2022,
  // What is off would save 400 bytes: it makes functions where they are called, anew at each call, with the code of
  // those that were merged into them. To read a property has no effect anywhere in what is bundled.
  compress: { passes: 3, reduce_funcs: false, pure_getters: true },
  mangle: { properties: { regex: PRIVATE, reserved: CALLED_BY_NAME } },
  format: { comments: false },
  sourceMap: { asObject: true },
};

/**
 * Statements stay statements. As parts of one expression each of them leaves a value that XS has to drop, which costs the
 * loops of a decoder a quarter more bytecodes, and saves a few hundred bytes.
 */
const STATEMENTS = { ...OPTIONS, compress: { ...OPTIONS.compress, sequences: false, conditionals: false } };

/**
 * Minifies. Beside a bundle that ships it leaves the bytes per module in dist/sizes/<name>.json, and in
 * dist/readable/<name>.js what went into the minifier, each module under its name, for tests that read it.
 *
 * @param statements whether statements stay statements, for code that decodes bytes one by one
 */
export function minified({ root, shipped, statements }) {
  const sources = new Map();
  return {
    name: "minified",
    async renderChunk(code, chunk) {
      const { code: small, map } = await minify(code, statements ? STATEMENTS : OPTIONS);
      sources.set(chunk.fileName, { code, map: new SourceMap(map), modules: modulesOf(code, chunk.modules, root) });
      return { code: small, map: null };
    },
    writeBundle(_options, bundle) {
      for (const [name, { code, map, modules }] of shipped ? sources : []) {
        write(`${root}dist/readable/`, name, marked(code, modules));
        write(
          `${root}dist/sizes/`,
          `${name}on`,
          `${JSON.stringify(sizesOf(bundle[name].code, map, code, modules), null, 1)}\n`,
        );
      }
    },
  };
}

function write(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + name, text);
}

/** Where each module lies in the chunk, in order. */
function modulesOf(code, modules, root) {
  let at = 0;
  return Object.entries(modules).flatMap(([id, { code: part }]) => {
    if (part === null || part === "") return [];
    const start = code.indexOf(part, at);
    if (start < 0) throw new Error(`cannot find ${id} in the bundle`);
    at = start + part.length;
    return [{ file: fileOf(id, root), start, end: at }];
  });
}

/** The helpers that a plugin makes for a file count as that file. */
function fileOf(id, root) {
  const path = id.replace(/^\0/, "").replace(/\?.*$/, "");
  return path.startsWith("/") ? relative(root, path) : path;
}

function marked(code, modules) {
  return modules.reduceRight(
    (text, { file, start }) => `${text.slice(0, start)}//#module ${file}\n${text.slice(start)}`,
    code,
  );
}

/**
 * Every byte of `small` counts for the module that the source map names for it; what comes before any counts as the
 * rest.
 */
function sizesOf(small, map, code, modules) {
  const starts = lineStarts(code);
  const bytes = new Map(modules.map(({ file }) => [file, 0]));
  let rest = 0;
  small.split("\n").forEach((line, index, { length }) => {
    let column = 0;
    for (const character of index === length - 1 ? line : `${line}\n`) {
      const { originalLine, originalColumn } = map.findEntry(index, column);
      const position = originalLine === undefined ? -1 : starts[originalLine] + originalColumn;
      const file = modules.find(({ start, end }) => position >= start && position < end)?.file;
      const count = Buffer.byteLength(character);
      if (file === undefined) rest += count;
      else bytes.set(file, bytes.get(file) + count);
      column += character.length;
    }
  });
  return { minifiedBytes: Buffer.byteLength(small), modules: Object.fromEntries(bytes), rest };
}

function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
