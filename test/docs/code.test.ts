import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../support/folder.js";
import { installPacked } from "../support/packed.js";
import { ROOT } from "../support/root.js";
import { compile } from "../support/typescript-application.js";
import { type CodeBlock, placeOf, readPage } from "./page.js";

/**
 * What the pages leave to the reader: the board and who it is, and what only an application has. Indented, so that it
 * is not taken for imports of this file.
 */
const SURROUNDINGS = `
  declare const device: import("moddable-ota").Device;
  declare const identity: import("moddable-ota").Identity;
  declare const broker: { url: string };
  declare const agent: import("moddable-ota").OtaAgent;
  declare const Timer: { set(callback: () => void, delayMs: number): unknown };
  declare const console: { log(text: string): void };
  declare const wifi: { configure(options: { static: { address: string; mask: string; gateway: string } }): void };
  declare const bus: {
    askVersion(number?: number): Promise<string>;
    send(to: number, bytes: Uint8Array): Promise<void>;
    send(to: number, image: object, options: { onPiece(end: number): void; onDone(): void; onError(why: string): void }): void;
    restart(): Promise<void>;
  };
  declare function sensorAnswers(): Promise<boolean>;
  declare function deepSleep(seconds: number): void;
  declare function show(...what: unknown[]): void;
  declare function hide(what: unknown): void;
  declare function onYes(then: () => void): void;
  declare function onNo(then: (reason: string) => void): void;
  declare function onLater(then: () => void): void;
  type HostBuffer = ArrayBuffer;
  declare module "Resource" {
    const Resource: new (path: string) => ArrayBuffer;
    export default Resource;
  }
`;

/** The SDK's types that the pages use, from the package that the SDK itself offers. */
const TYPINGS = ["timer", "embedded_io/digital", "embedded_io/_common"].map((name) =>
  join(ROOT, "node_modules", "@moddable", "typings", `${name}.d.ts`),
);

test("each TypeScript block of the pages compiles against the package as it is packed", async () => {
  await withFolder((folder) => {
    installPacked(folder);
    writeFileSync(join(folder, "surroundings.d.ts"), SURROUNDINGS);
    const files = codeBlocks().map((block) => {
      const file = `${placeOf(block).replace(/\W/g, "-")}.ts`;
      // Without an import or export it would share its names with all others.
      writeFileSync(join(folder, file), `${"\n".repeat(block.line - 1)}${block.content}\nexport {};\n`);
      return file;
    });
    assert.ok(files.length >= 6, "the pages have lost their code");
    assert.equal(compile(folder, ["surroundings.d.ts", ...TYPINGS, ...files], undefined), "");
  });
});

function codeBlocks(): CodeBlock[] {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name))];
  return pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) => readPage(page, readFileSync(join(ROOT, page), "utf8")))
    .filter((block): block is CodeBlock => block.type === "code" && block.language === "ts");
}
