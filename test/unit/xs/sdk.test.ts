import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { XsSdk } from "../../../hal/boards/xs/host/sdk.js";
import { withFolder } from "../../support/folder.js";

const CRYPT = join("modules", "crypt");
/** The least of an SDK that has this TLS. */
const FILES: { readonly [path: string]: string } = {
  [join("examples", "io", "tcp", "tlssocket", "tlssocket.js")]: "tls socket",
  [join("xs", "sources", "xsAll.h")]: "",
  [join(CRYPT, "ssl", "session_419.js")]: "session",
  [join(CRYPT, "ssl", "session_original.js")]: "another session",
  [join(CRYPT, "ssl", "ssl_prf.js")]: "prf",
  [join(CRYPT, "bin", "bin.js")]: "bin",
  [join(CRYPT, "bin", "bin.c")]: "",
  [join(CRYPT, "digest", "crypt.js")]: "crypt",
  [join(CRYPT, "digest", "kcl", "fips180.c")]: "",
  [join(CRYPT, "arith", "ec.js")]: "ec",
  [join(CRYPT, "etc", "ber.js")]: "ber",
  [join(CRYPT, "data", "ca.ski")]: "\u0001\u0002",
};

function putFiles(folder: string, without?: string): void {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (path !== without) writeFileSync(join(folder, path), text);
  }
}

test("without an SDK, or with half of one, one line names what to do", () =>
  withFolder(async (folder) => {
    assert.throws(() => XsSdk.find({}), /^MissingPrerequisite: MODDABLE is not set/);
    assert.throws(() => XsSdk.find({ MODDABLE: "" }), /MODDABLE is not set/);
    assert.throws(() => XsSdk.find({ MODDABLE: folder }), /no folder of a Moddable SDK 8 or later: it lacks examples/);
    const session = join(CRYPT, "ssl", "session_419.js");
    putFiles(folder, session);
    assert.throws(
      () => XsSdk.find({ MODDABLE: folder }),
      (error: Error) => error.message.endsWith(`it lacks ${session}`),
    );
  }));

test("the SDK's modules have the names of its manifests, and its sources in C are found", () =>
  withFolder(async (folder) => {
    putFiles(folder);
    const sdk = XsSdk.find({ MODDABLE: folder });
    const { Resource, main, timer, "mc/config": config, ...modules } = sdk.modules();
    assert.deepEqual(modules, {
      "embedded:io/socket/tcp/tls": "tls socket",
      "ssl/session": "session",
      "ssl/prf": "prf",
      bin: "bin",
      crypt: "crypt",
      ec: "ec",
      ber: "ber",
    });
    assert.match(Resource ?? "", /\[1,2\]/);
    assert.ok([main, timer, config].every((text) => text !== undefined));
    assert.deepEqual(sdk.natives.sources, [
      join(folder, CRYPT, "bin", "bin.c"),
      join(folder, CRYPT, "digest", "kcl", "fips180.c"),
    ]);
    assert.equal(sdk.xs, join(folder, "xs"));
  }));
