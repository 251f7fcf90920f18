import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { removeStaleBuild } from "../../../../cli/esp32/application.js";
import { withFolder } from "../../../support/folder.js";

test("what was built with another sdkconfig, or with one that is not known, is removed; otherwise it stays", () =>
  withFolder((folder) => {
    const built = join(folder, "tmp", "esp32", "esp32c3", "release", "minimal");
    const object = join(built, "modSocket.o");
    const compile = (): void => {
      mkdirSync(built, { recursive: true });
      writeFileSync(object, "");
    };
    compile();
    removeStaleBuild(built, "CONFIG_A=y\n");
    assert.equal(existsSync(object), false, "it is not known with which settings it was built");
    compile();
    removeStaleBuild(built, "CONFIG_A=y\n");
    assert.equal(existsSync(object), true);
    removeStaleBuild(built, "CONFIG_A=n\n");
    assert.equal(existsSync(object), false);
  }));
