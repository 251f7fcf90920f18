import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { bundleText } from "../support/built.js";
import { packedFiles } from "../support/packed.js";
import { ROOT } from "../support/root.js";

interface Manifest {
  readonly include?: readonly string[];
  readonly modules?: { readonly [specifier: string]: string };
  readonly preload?: readonly string[];
  readonly platforms?: { readonly [name: string]: { readonly warning?: string } };
}

/** By the name of the part: where its manifest was before, if it was somewhere else. */
const PARTS = {
  control: undefined,
  mqtt: undefined,
  gateway: "src/gateway/manifest.json",
  plans: "src/components/manifest.json",
};

for (const [part, former] of Object.entries(PARTS)) {
  const path = join(part, "manifest.json");

  test(`${part}: what its manifest names exists, the package has it, and it is preloaded`, () => {
    const packed = packedFiles();
    const { modules = {}, preload = [] } = read(path);
    assert.ok(packed.has(path));
    for (const [specifier, named] of Object.entries(modules)) {
      const file = `${normalize(join(dirname(path), named))}.js`;
      assert.ok(packed.has(file) && existsSync(join(ROOT, file)), `${specifier} is ${named}`);
      assert.ok(preload.includes(specifier), specifier);
    }
  });

  test(`${part}: its manifest names every module that the part imports besides the agent`, () => {
    const { modules = {} } = read(path);
    assert.ok(`moddable-ota/${part}` in modules);
    for (const specifier of Object.keys(modules)) {
      for (const [, imported = ""] of bundleText(specifier.replace("moddable-ota/", "")).matchAll(
        /from"(moddable-ota\/[^"]+)"/g,
      )) {
        assert.ok(imported in modules, `${specifier} imports ${imported}`);
      }
    }
  });

  if (former === undefined) continue;
  test(`${part}: the manifest at the former address includes it, and names the new address`, () => {
    const { include = [], platforms } = read(former);
    assert.deepEqual(
      include.map((named) => normalize(join(dirname(former), named))),
      [path],
    );
    assert.ok(packedFiles().has(former));
    assert.match(platforms?.["..."]?.warning ?? "", new RegExp(`^moddable-ota/${part}/manifest\\.json `));
  });
}

function read(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Manifest;
}
