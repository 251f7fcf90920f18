import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Page } from "../../../../cloud/api/page.js";
import { withFolder } from "../../../support/folder.js";

const DOCUMENT = "<!doctype html>";
const SCRIPT = "export {};".repeat(50);

type Ask = (path: string, headers?: { readonly [name: string]: string }, method?: string) => Response | undefined;

async function withPage(body: (ask: Ask) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const built = join(folder, "page");
    mkdirSync(built);
    writeFileSync(join(built, "index.html"), DOCUMENT);
    writeFileSync(join(built, "console.js"), SCRIPT);
    writeFileSync(join(built, "console.js.map"), "{}");
    writeFileSync(join(folder, "secret.json"), "{}");
    const page = new Page(built);
    await body((path, headers = {}, method = "GET") =>
      page.answer(new Request(`http://cloud${path}`, { method, headers })),
    );
  });
}

test("the page is its files, and its document at each place that a browser opens", () =>
  withPage(async (ask) => {
    const html = { Accept: "text/html,*/*;q=0.8" };
    for (const path of ["/", "/plans/12", "/login?x=1", "//evil.example"]) {
      const answer = ask(path, html);
      assert.equal(await answer?.text(), DOCUMENT, path);
      assert.equal(answer?.headers.get("Content-Type"), "text/html; charset=utf-8");
    }
    assert.equal(await ask("/console.js", html)?.text(), SCRIPT);
    assert.equal(ask("/console.js")?.headers.get("Content-Type"), "text/javascript; charset=utf-8");
    assert.equal(ask("/plans/12", { Accept: "application/json" }), undefined);
    // A proxy that asks whether anybody is there says nothing about what it takes.
    assert.equal(await ask("/")?.text(), DOCUMENT);
    assert.equal(ask("/", html, "POST"), undefined);
  }));

test("no path leads out of the folder of the page", () =>
  withPage(async (ask) => {
    const paths = [
      "/../secret.json",
      "/..%2fsecret.json",
      "/%2e%2e/secret.json",
      "/.//../secret.json",
      "/console.js.map",
    ];
    for (const path of paths) assert.equal(ask(path), undefined, path);
  }));

test("a file comes compressed to who takes that, without a body for HEAD, and not again if it is the same", () =>
  withPage(async (ask) => {
    const zipped = ask("/console.js", { "Accept-Encoding": "br, gzip" });
    assert.equal(zipped?.headers.get("Content-Encoding"), "gzip");
    assert.equal(zipped?.headers.get("Vary"), "Accept-Encoding");
    const bytes = Buffer.from((await zipped?.arrayBuffer()) ?? []);
    assert.equal(Number(zipped?.headers.get("Content-Length")), bytes.byteLength);
    assert.equal(gunzipSync(bytes).toString(), SCRIPT);
    const head = ask("/console.js", {}, "HEAD");
    assert.equal(head?.headers.get("Content-Length"), String(SCRIPT.length));
    assert.equal(await head?.text(), "");
    const etag = head?.headers.get("ETag") ?? "";
    assert.equal(zipped?.headers.get("ETag"), etag);
    const same = ask("/console.js", { "If-None-Match": etag });
    assert.equal(same?.status, 304);
    assert.equal(same?.headers.get("ETag"), etag);
    assert.equal(ask("/console.js", { "If-None-Match": 'W/"other"' })?.status, 200);
  }));

test("a cloud whose page was not built answers nothing", () => {
  assert.equal(
    new Page("/no/such/folder").answer(new Request("http://cloud/", { headers: { Accept: "text/html" } })),
    undefined,
  );
});
