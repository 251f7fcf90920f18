import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../../cli/esp32-link.js";
import { SDK_MANIFESTS, sdkModule, type SdkModules } from "../../../hal/boards/esp32/sdk-modules.js";

const specifiers = Object.keys(SDK_MANIFESTS) as (keyof SdkModules)[];

test("a module that the build lacks is an error that names the manifest to include", () => {
  for (const missing of specifiers) {
    const linked = { has: (specifier: string) => specifier !== missing, importNow: (specifier: string) => specifier };
    assert.throws(() => sdkModule(linked, missing), {
      message: `${missing} is not in this build: include $(MODDABLE)/${SDK_MANIFESTS[missing]} in the manifest`,
    });
    for (const other of specifiers.filter((specifier) => specifier !== missing)) assert.equal(sdkModule(linked, other), other);
  }
});

test("a module that the linker does not find is explained by the manifest to include", () => {
  const output = (specifier: string): string => `# xsl modules\n### ReferenceError: module "${specifier}" not found!\nmake: ***`;
  assert.equal(
    explain(output("embedded:storage/flash")),
    "module embedded:storage/flash is not in this build: include $(MODDABLE)/modules/io/flash/manifest.json in the manifest",
  );
  assert.match(explain(output("nothing")) ?? "", /^module nothing is not in this build/);
  assert.equal(explain("make: *** No rule"), undefined);
});
