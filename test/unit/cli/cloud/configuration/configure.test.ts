import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command, Option } from "commander";
import { configure } from "../../../../../cli/cloud/configuration/configure.js";
import { count, UsageError } from "../../../../../cli/command-line.js";
import { withFolder } from "../../../../support/folder.js";

type Values = { readonly [name: string]: unknown };

/** A program with some of the options of the real one, which takes its action's options into `seen`. */
async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Values> {
  let seen: Values = {};
  const program = new Command("ota-cloud").exitOverride().configureOutput({ writeErr: () => {} });
  const common = (command: Command): Command =>
    command
      .option("--state <dir>", "", "cloud-state")
      .option("--database <url>")
      .option("--database-file <file>")
      .action((options: Values) => {
        const { config: _config, ...rest } = options;
        seen = rest;
      });
  common(program.command("serve"))
    .option("--http-port <n>", "", count, 8080)
    .option("--broker <url>")
    .addOption(new Option("--cdn <scheme>").choices(["tencent-a", "nginx"]))
    .option("--demo [n]", "", count)
    .option("--verbose");
  common(program.command("status")).option("--api <url>").option("--json");
  program.command("key").action(() => {
    seen = { key: true };
  });
  configure(program, environment);
  await program.parseAsync(args, { from: "user" });
  return seen;
}

const withFile = (text: string, body: (path: string, folder: string) => Promise<void>): Promise<void> =>
  withFolder(async (folder) => {
    const path = join(folder, "settings.yaml");
    writeFileSync(path, text);
    await body(path, folder);
  });

test("the command line counts before the environment, the environment before the file, the file before the default", () =>
  withFile("state: of-file\nhttp-port: 3\nbroker: mqtt://file\n", async (path) => {
    const environment = { OTA_CLOUD_HTTP_PORT: "2", OTA_CLOUD_STATE: "of-environment" };
    const set = { state: "of-line", httpPort: 2, broker: "mqtt://file" };
    assert.deepEqual(await run(["serve", "--config", path, "--state", "of-line"], environment), set);
    assert.deepEqual(await run(["serve"], { ...environment, OTA_CLOUD_CONFIG: path }), {
      ...set,
      state: "of-environment",
    });
    assert.deepEqual(await run(["serve"]), { state: "cloud-state", httpPort: 8080 });
  }));

test("a command takes the settings that it has, and not those of serve alone", () =>
  withFile("state: of-file\nhttp-port: 3\nverbose: true\n", async (path) => {
    assert.deepEqual(await run(["status"], { OTA_CLOUD_CONFIG: path }), { state: "of-file" });
    assert.deepEqual(await run(["key"], { OTA_CLOUD_CONFIG: "absent" }), { key: true });
  }));

test("JSON is read as YAML is, and a comment is none of the settings", async () => {
  await withFile('{ "http-port": 80, "verbose": true }', async (path) => {
    assert.deepEqual(await run(["serve", "--config", path]), { state: "cloud-state", httpPort: 80, verbose: true });
  });
  await withFile("# ports\nhttp-port: 0x50 # eighty\nverbose: false\n", async (path) => {
    assert.equal((await run(["serve", "--config", path]))["httpPort"], 80);
    assert.equal((await run(["serve", "--config", path]))["verbose"], undefined);
  });
  await withFile("", async (path) => {
    assert.equal((await run(["serve", "--config", path]))["httpPort"], 8080);
  });
});

test("an option whose value may be left out is set by true, or has a value", async () => {
  assert.equal((await run(["serve"], { OTA_CLOUD_DEMO: "true" }))["demo"], true);
  assert.equal((await run(["serve"], { OTA_CLOUD_DEMO: "12" }))["demo"], 12);
  assert.equal((await run(["serve"], { OTA_CLOUD_DEMO: "false" }))["demo"], undefined);
});

test("a secret is in a file of its own, for any option, without the line's end", () =>
  withFile("mqtt://cloud:topsecret@broker\n", async (path, folder) => {
    assert.equal((await run(["serve"], { OTA_CLOUD_BROKER_FILE: path }))["broker"], "mqtt://cloud:topsecret@broker");
    const settings = join(folder, "more.yaml");
    writeFileSync(settings, `broker-file: ${path}\ndatabase-file: ${path}\n`);
    const values = await run(["serve", "--config", settings]);
    assert.equal(values["broker"], "mqtt://cloud:topsecret@broker");
    assert.equal(values["databaseFile"], path, "an option that names a file gets the name");
    writeFileSync(path, "two\nlines\n");
    await assert.rejects(run(["serve"], { OTA_CLOUD_BROKER_FILE: path }), /is to hold one line/);
    const both = { OTA_CLOUD_BROKER_FILE: path, OTA_CLOUD_BROKER: "mqtt://x" };
    await assert.rejects(run(["serve"], both), /give either OTA_CLOUD_BROKER or OTA_CLOUD_BROKER_FILE/);
  }));

test("a secret is not read for a command that has no use for it, or has it from a nearer place", async () => {
  const environment = { OTA_CLOUD_BROKER_FILE: "/absent/secret", OTA_CLOUD_STATE: "of-environment" };
  assert.deepEqual(await run(["status"], environment), { state: "of-environment" });
  assert.equal((await run(["serve", "--broker", "mqtt://line"], environment))["broker"], "mqtt://line");
  await assert.rejects(run(["serve"], environment), /cannot read \/absent\/secret/);
});

test("what a nearer place says in another way takes the place of what a further one says", () =>
  withFile("database-file: /run/secrets/database\n", async (path) => {
    const values = await run(["status", "--config", path, "--database", "postgres://line"]);
    assert.deepEqual(values, { state: "cloud-state", database: "postgres://line" });
    const remote = await run(["status", "--api", "https://cloud:8081"], { OTA_CLOUD_CONFIG: path });
    assert.deepEqual(remote, { state: "cloud-state", api: "https://cloud:8081" });
  }));

const WRONG: readonly {
  readonly name: string;
  readonly file?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly says: RegExp;
}[] = [
  { name: "an unknown key", file: "htp-port: 1", says: /settings\.yaml: htp-port is no setting/ },
  { name: "an unknown variable", environment: { OTA_CLOUD_HTP_PORT: "1" }, says: /^OTA_CLOUD_HTP_PORT is no setting/ },
  {
    name: "a variable in small letters",
    environment: { OTA_CLOUD_state: "x" },
    says: /is to be written OTA_CLOUD_STATE/,
  },
  { name: "a value that the option refuses", file: "http-port: ten", says: /settings\.yaml: http-port: Not a whole/ },
  { name: "a choice that there is not", environment: { OTA_CLOUD_CDN: "x" }, says: /^OTA_CLOUD_CDN: Allowed choices/ },
  { name: "a switch with another value", file: "verbose: yes", says: /verbose is true or false/ },
  { name: "a key that comes twice", file: "state: a\nstate: b", says: /not YAML \(duplicate key\)/ },
  { name: "a list", file: "state: [a, b]", says: /state is to have one value/ },
  { name: "no map", file: "- state", says: /is to hold settings, one a line/ },
  { name: "no YAML", file: "state: 'topsecret", says: /not YAML/ },
];

for (const { name, file = "", environment = {}, says } of WRONG) {
  test(`${name} is an error that names the place`, () =>
    withFile(file, (path) =>
      assert.rejects(
        run(["serve", "--config", path], environment),
        (error) => error instanceof UsageError && says.test(error.message) && !error.message.includes("topsecret"),
      ),
    ));
}

test("the variables that Kubernetes makes for a service of this name are passed over", async () => {
  const environment = {
    OTA_CLOUD_SERVICE_HOST: "10.0.0.1",
    OTA_CLOUD_SERVICE_PORT: "8081",
    OTA_CLOUD_SERVICE_PORT_MQTT: "1883",
    OTA_CLOUD_PORT: "tcp://10.0.0.1:8081",
    OTA_CLOUD_PORT_8081_TCP_ADDR: "10.0.0.1",
  };
  assert.deepEqual(await run(["serve"], environment), { state: "cloud-state", httpPort: 8080 });
});
