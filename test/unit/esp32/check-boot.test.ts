import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RealHeaders, TARGETS } from "../../boot/real-headers.js";
import { withFolder } from "../../support/folder.js";
import { ROOT } from "../../support/root.js";

const { IDF_PATH = "" } = process.env;

test("check:boot names what boot.c was compiled against, and refuses a folder that is no ESP-IDF", () => {
  const standIns = run("");
  assert.deepEqual([standIns.status, standIns.stdout.split("\n")[0]], [0, "boot.c over stand-ins: compiles"]);
  const wrong = run(ROOT);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /which is no ESP-IDF: set it to its folder/);
});

test("boot.c compiles over ESP-IDF's own headers for each chip, and a wrong call does not", {
  skip: IDF_PATH === "" && "IDF_PATH is not set",
}, async () => {
  await withFolder((folder) => {
    const headers = new RealHeaders(IDF_PATH);
    const wrong = join(folder, "boot.c");
    const source = readFileSync(join(ROOT, "hal", "boards", "esp32", "boot.c"), "utf8");
    writeFileSync(wrong, source.replace("esp_ota_get_app_partition_count()", "esp_ota_get_app_partition_count(1)"));
    for (const target of Object.keys(TARGETS)) {
      assert.equal(headers.errorsOf(target), "");
      assert.match(headers.errorsOf(target, [wrong]), /too many arguments/);
    }
    headers.remove();
  });
});

function run(idfPath: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["./dist/node/test/boot/main.js"], {
    cwd: ROOT,
    env: { ...process.env, IDF_PATH: idfPath },
    encoding: "utf8",
  });
}
