import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, lastLine } from "../../../cli/esp32/link.js";
import { SDK_MANIFESTS, sdkModule, type SdkModules } from "../../../hal/boards/esp32/sdk-modules.js";

const specifiers = Object.keys(SDK_MANIFESTS) as (keyof SdkModules)[];

test("a module that the build lacks is an error that names the manifest to include", () => {
  for (const missing of specifiers) {
    const linked = { has: (specifier: string) => specifier !== missing, importNow: (specifier: string) => specifier };
    assert.throws(() => sdkModule(linked, missing), {
      message: `${missing} is not in this build: include $(MODDABLE)/${SDK_MANIFESTS[missing]} in the manifest`,
    });
    for (const other of specifiers.filter((specifier) => specifier !== missing)) {
      assert.equal(sdkModule(linked, other), other);
    }
  }
});

test("a module that the linker does not find is explained by the manifest to include", () => {
  const output = (specifier: string): string =>
    `# xsl modules\n### ReferenceError: module "${specifier}" not found!\nmake: ***`;
  assert.equal(
    explain(output("embedded:storage/flash")),
    "module embedded:storage/flash is not in this build: include $(MODDABLE)/modules/io/flash/manifest.json in the manifest",
  );
  assert.match(explain(output("nothing")) ?? "", /^module nothing is not in this build/);
  assert.equal(explain("make: *** No rule"), undefined);
});

/** What the SDK's tools print, mixed because they run at the same time. */
const WITH_SYNTAX_ERROR = `# xsc ssl/constants.xsb
# xsc ssl/error.xsb
# xsc main.xsb
/sdk/modules/io/socket/lwip/listener.js:26: warning: cannot optimize native!
/app/main.js:25: error: missing identifier!
/app/main.js:25: error: missing ;!
### 2 error(s)
make: *** [/out/makefile:1424: /out/modules/main.xsb] Error 22
make: *** Waiting for unfinished jobs....
`;

test("an error in a source is reported with its file, line and message: the first one, and no name of a file that make compiles", () => {
  assert.equal(explain(WITH_SYNTAX_ERROR), "/app/main.js:25: missing identifier");
  assert.equal(
    explain("# xsc ssl/error.xsb\n/app/manifest.json:1: error: missing name!\n"),
    "/app/manifest.json:1: missing name",
  );
});

test("from an output without an explanation the first line with an error is taken, and none about what make does", () => {
  assert.equal(lastLine("# xsc ssl/error.xsb\nxsl: fatal error 7\n# xsc b.xsb\n"), "xsl: fatal error 7");
  assert.equal(lastLine("# xsc ssl/error.xsb\nmake: *** No rule\n"), "make: *** No rule");
  assert.equal(lastLine("# xsc ssl/error.xsb\n"), "no output");
});
