import assert from "node:assert/strict";
import { statSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Running } from "../../../support/command.js";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

test("events are printed oldest first, and --follow goes on with new ones", async () => {
  await withServedOperator(async ({ operator, state, run }) => {
    const device = { productId: PRODUCT, deviceName: "light_01" };
    for (let count = 0; count < 600; count++) operator.event({ device, kind: `e${count}` });
    operator.event({ kind: "of-no-device" });
    const all = (await run("events", "--device", "light_01")).stdout.trimEnd().split("\n");
    assert.equal(all.length, 600);
    assert.match(all[599]!, / {2}e599$/);
    const following = new Running("cloud/main", [
      ...["events", "--follow", "--json", "--kind", "later", "--state", state],
    ]);
    for (let turn = 0; operator.listeners.size === 0; turn++) {
      assert.ok(turn < 4000, "nobody follows");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    operator.event({ device, kind: "later", detail: { text: "\u001b[2J" } });
    operator.event({ device, kind: "other" });
    await following.until("event", () => following.stdout.includes("\n"));
    const { code, stdout } = await following.kill("SIGINT");
    assert.equal(code, 0);
    const [line = "", ...rest] = stdout.trimEnd().split("\n");
    assert.deepEqual(rest, []);
    assert.doesNotMatch(line, /\u001b/);
    assert.deepEqual((JSON.parse(line) as { detail: object }).detail, { text: "\u001b[2J" });
  });
});

test("events are printed the newest first on demand, and so many", async () => {
  await withServedOperator(async ({ operator, run }) => {
    for (let count = 0; count < 600; count++) operator.event({ kind: `e${count}` });
    const kinds = async (...args: string[]) =>
      (await run("events", ...args)).stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split("  ").at(-1));
    const newest = await kinds("--newest");
    assert.deepEqual([newest.length, newest[0], newest.at(-1)], [600, "e599", "e0"]);
    assert.deepEqual(await kinds("--newest", "--limit", "2"), ["e599", "e598"]);
    assert.deepEqual((await kinds("--limit", "501")).at(-1), "e500");
    assert.match((await run("events", "--follow", "--newest")).stderr, /--follow shows all/);
  });
});

test("the audit shows who did what", async () => {
  await withServedOperator(async ({ operator, run }) => {
    await operator.createPlan({ name: "spring\u001b" }, { name: "anna", origin: "10.0.0.5" });
    assert.equal((await run("audit")).stdout, "1970-01-01T00:00:00.001Z  anna (10.0.0.5)  plan create spring\\u001b\n");
  });
});

test("a token is printed alone, or goes to a file for the user alone", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const { stdout } = await run("token", "new", "--role", "viewer", "--name", "page");
    assert.match(stdout, /^made-[0-9]+\n$/);
    const output = join(folder, "token");
    const { stdout: line } = await run("token", "new", "--role", "admin", "--days", "2", "--output", output);
    assert.match(line, /^token [0-9]+ token, admin, is in /);
    assert.equal(statSync(output).mode & 0o777, 0o600);
    assert.match(readFileSync(output, "utf8"), /^made-[0-9]+\n$/);
    const [first, second] = operator.tokenList;
    assert.ok(second?.expiresAt !== undefined);
    assert.equal((await run("token", "revoke", String(first?.id))).stdout, `revoked token ${first?.id}\n`);
    assert.match((await run("token", "list")).stdout, /viewer {2}page .* revoked 2023/);
    assert.equal((await run("token", "new", "--role", "owner")).code, 2);
  });
});

test("packages are listed and withdrawn", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const request = { productId: PRODUCT, version: "2.0.0", fileName: "a.bin" };
    const added = await operator.addPackage(request, Readable.from([Buffer.from("abc")]), { name: "t", origin: "t" });
    assert.match(
      (await run("package", "list")).stdout,
      /ABCDE12345 {2}firmware {2}2\.0\.0 {2}full {2}uploaded {2}a\.bin 3/,
    );
    assert.equal((await run("package", "withdraw", String(added.id))).code, 0);
    const list = JSON.parse((await run("package", "list", "--json")).stdout) as { state: string }[];
    assert.equal(list[0]?.state, "withdrawn");
  });
});

test("status --watch prints each line when it changes, if it is piped", async () => {
  await withServedOperator(async ({ operator, state }) => {
    const { id } = await operator.createPlan({ name: "spring" }, { name: "test", origin: "local" });
    operator.changePlan(id, { state: "active" });
    const watching = new Running("cloud/main", ["status", "--watch", "--state", state]);
    await watching.until("picture", () => watching.stdout.includes("spring"));
    operator.changePlan(id, { state: "halted", reason: "too many failed" });
    await watching.until("change", () => watching.stdout.includes("too many failed"));
    assert.equal((await watching.kill("SIGTERM")).code, 0);
    assert.deepEqual(watching.stdout.trimEnd().split("\n"), [
      "the cloud is well, 1 device online",
      `plan ${id} spring: active; no tasks`,
      `plan ${id} spring: halted (too many failed); no tasks`,
    ]);
  });
});

test("a cloud on another machine is reached by its address and a token", async () => {
  await withServedOperator(async ({ operator, server, folder }) => {
    const file = join(folder, "token");
    writeFileSync(file, `${operator.token("viewer")}\n`);
    const run = (...args: string[]) => new Running("cloud/main", args).ended;
    const remote = ["--api", server.url, "--token-file", file];
    assert.deepEqual((await run("plan", "list", ...remote)).stdout, "no plans\n");
    const refused = await run("plan", "activate", "1", ...remote);
    assert.deepEqual([refused.code, refused.stderr.split(":")[1]], [1, " this needs the role operator"]);
    assert.match((await run("plan", "list", "--api", server.url)).stderr, /--api needs --token-file/);
    const clear = await run("plan", "list", "--api", "http://cloud.example:8081", "--token-file", file);
    assert.match(clear.stderr, /would send the token in the clear: use https/);
    assert.equal(clear.code, 2);
  });
});

test("a folder that does not exist is refused; one on which no cloud runs is opened, also behind a cloud that was killed", async () => {
  await withServedOperator(async ({ server, folder, state, run }) => {
    const elsewhere = join(folder, "none");
    const run2 = (...args: string[]) => new Running("cloud/main", args).ended;
    for (const command of [
      ["plan", "list"],
      ["events"],
      ["audit"],
      ["token", "list"],
      ["package", "list"],
      ["device", "list"],
    ]) {
      const { code, stderr } = await run2(...command, "--state", elsewhere);
      assert.deepEqual(
        [code, stderr],
        [2, `ota-cloud: there is no folder ${elsewhere}: name the one of the cloud by --state\n`],
      );
    }
    // What a cloud leaves behind that was killed.
    const port = Number(new URL(server.url).port);
    await server.close();
    writeFileSync(join(state, "serve.json"), JSON.stringify({ port, token: "a" }));
    const { code, stdout } = await run("plan", "list");
    assert.deepEqual([code, stdout], [0, "no plans\n"]);
  });
});
