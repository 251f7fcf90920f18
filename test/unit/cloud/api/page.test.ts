import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROUTES } from "../../../../cloud/api/app.js";
import { ROOT } from "../../../support/root.js";

test("docs/api.md has the routes of the API", () => {
  const page = readFileSync(join(ROOT, "docs/api.md"), "utf8");
  const [, found = ""] = /<!-- routes -->\n([\s\S]*?)\n<!-- end of routes -->/.exec(page) ?? [];
  const rows = ROUTES.map(
    ({ method, path, role, summary }) => `| \`${method.toUpperCase()} ${path}\` | ${role} | ${summary} |`,
  );
  assert.equal(found.trim(), ["| Route | Role | |", "|---|---|---|", ...rows].join("\n"));
});
