import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { findLinuxSdk } from "../../cli/lin/sdk.js";
import { withFolder } from "../support/folder.js";
import { runCommand } from "../support/command.js";

const PARTS = [
  "build/simulators/modules/screen.h",
  "examples/io/tcp/tlssocket/manifest.json",
  "modules/base/ffi/manifest.json",
  "modules/io/files/posix/manifest.json",
];
const TOOLS = ["mcconfig", "xsc", "xsid", "xsl", "mcrez"].map((name) => `build/bin/lin/release/${name}`);

function putSdk(folder: string, files: readonly string[], version = "8.2.3\n"): void {
  for (const [path, content] of [["tools/VERSION", version] as const, ...files.map((path) => [path, ""] as const)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), 0o755);
  }
}

test("an SDK that is whole is found, with its version", () =>
  withFolder(async (folder) => {
    putSdk(folder, [...PARTS, ...TOOLS]);
    assert.deepEqual(findLinuxSdk({ MODDABLE: folder }), {
      folder,
      version: "8.2.3",
      tools: join(folder, "build", "bin", "lin", "release"),
    });
  }));

test("without an SDK, one line names what to install", () => {
  assert.throws(
    () => findLinuxSdk({}),
    /^UsageError: MODDABLE is not set: install the Moddable SDK 8 or newer, then export MODDABLE=\S.* PATH=/,
  );
  assert.throws(() => findLinuxSdk({ MODDABLE: "" }), /MODDABLE is not set/);
});

test("a folder that is no SDK, an older SDK and a newer one get different messages", () =>
  withFolder(async (folder) => {
    assert.throws(() => findLinuxSdk({ MODDABLE: folder }), /which is no Moddable SDK 8 or newer/);
    for (const version of ["7.9.0", "6", "", "x"]) {
      putSdk(folder, [...PARTS, ...TOOLS], version);
      assert.throws(() => findLinuxSdk({ MODDABLE: folder }), /8 or newer/, version);
    }
    putSdk(folder, [], "10.0.0");
    assert.equal(findLinuxSdk({ MODDABLE: folder }).version, "10.0.0");
  }));

test("an SDK that lacks a part or whose tools are not built is named by what it lacks", () =>
  withFolder(async (folder) => {
    putSdk(folder, PARTS.slice(1));
    assert.throws(() => findLinuxSdk({ MODDABLE: folder }), /lacks build\/simulators\/modules\/screen\.h/);
    putSdk(folder, [...PARTS, ...TOOLS.slice(1)]);
    assert.throws(
      () => findLinuxSdk({ MODDABLE: folder }),
      /mcconfig is not built: run MODDABLE=\S+ PATH=\S+:\$PATH make -C \S+ \(an error about GTK/,
    );
  }));

test("the command reports it in one line and exits with 2; wrong input too", async () => {
  const { MODDABLE } = process.env;
  delete process.env["MODDABLE"];
  try {
    for (const [args, line] of [
      [[], /^npm run lin --: MODDABLE is not set[^\n]+\n$/],
      [["--size", "100"], /^npm run lin --: --size 100[^\n]+\n$/],
      [["--size", "4194304"], /^npm run lin --: --size 4194304[^\n]+\n$/],
      [["--cut", "0"], /^npm run lin --: [^\n]+\n$/],
      [["--wrong-ca", "broker"], /^npm run lin --: --wrong-ca needs --tls\n$/],
      [["--wrong-ca", "nobody"], /^npm run lin --: [^\n]+\n$/],
    ] as const) {
      const { code, stderr, stdout } = await runCommand("lin/main", args);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, line);
    }
  } finally {
    if (MODDABLE !== undefined) process.env["MODDABLE"] = MODDABLE;
  }
});
