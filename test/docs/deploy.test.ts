import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { parse } from "yaml";
import { serveCommand } from "../../cli/cloud/commands/serve/serve.js";
import { knownSettings } from "../../cli/cloud/configuration/configure.js";
import { environmentSource, fileSource } from "../../cli/cloud/configuration/sources.js";
import { filesSettings } from "../../cli/cloud/files-choice.js";
import { parseObjectLocation } from "../../cloud/files/object-store/location.js";
import { ROOT } from "../support/root.js";

const DEPLOY = join(ROOT, "deploy");

interface Service {
  readonly environment?: { readonly [name: string]: string };
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly depends_on?: readonly string[] | { readonly [service: string]: unknown };
}

interface Compose {
  readonly services: { readonly [name: string]: Service };
  readonly secrets: { readonly [name: string]: unknown };
  readonly networks: { readonly [name: string]: unknown };
  readonly volumes: { readonly [name: string]: unknown };
}

const read = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");
const compose = parse(read("compose.yaml"), { merge: true }) as Compose;

function known(): ReadonlySet<string> {
  const program = new Command();
  serveCommand(program);
  return knownSettings(program);
}

test("each setting of deploy/ota-cloud.yaml is one of serve, and its place of the files can be read", () => {
  const settings = fileSource(join(DEPLOY, "ota-cloud.yaml"), known());
  const files = settings.valueOf("files");
  const location = parseObjectLocation(files);
  assert.equal(filesSettings({ files })?.location, files);
  assert.ok(read("nginx.conf").includes(`server_name ${new URL(location.publicEndpoint).host};`));
  assert.ok(read("nginx.conf").includes(`server_name ${new URL(settings.valueOf("console-url")).host};`));
  assert.ok(read("compose.yaml").includes(`mc mb --ignore-existing store/${location.bucket}`));
});

test("compose.yaml: each secret, network, volume, file and service that a service names is there", () => {
  const { services, secrets, networks, volumes } = compose;
  assert.deepEqual(Object.keys(services), ["cloud-1", "cloud-2", "database", "broker", "store", "bucket", "proxy"]);
  for (const [name, service] of Object.entries(services)) {
    for (const secret of service.secrets ?? []) assert.ok(secret in secrets, `${name}: secret ${secret}`);
    for (const network of service.networks ?? []) assert.ok(network in networks, `${name}: network ${network}`);
    const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
    for (const other of needed) assert.ok(String(other) in services, `${name}: service ${other}`);
    for (const volume of service.volumes ?? []) {
      const [source = ""] = volume.split(":");
      if (!source.startsWith("./")) assert.ok(source in volumes, `${name}: volume ${source}`);
      // The operator's own.
      else if (source !== "./tls") assert.ok(existsSync(join(DEPLOY, source)), `${name}: ${source}`);
    }
    environmentSource(service.environment ?? {}, known());
  }
});

test("each secret that a file of settings names is one that its process gets", () => {
  const named = [...read("ota-cloud.yaml").matchAll(/\/run\/secrets\/([a-z-]+)/g)].map(([, secret]) => secret);
  for (const name of ["cloud-1", "cloud-2"]) {
    assert.deepEqual([...(compose.services[name]?.secrets ?? [])].sort(), [...named].sort());
  }
});

test("nobody is the broker without the secret of the hooks, which is in the place of both calls", () => {
  const settings = fileSource(join(DEPLOY, "ota-cloud.yaml"), known());
  assert.equal(settings.valueOf("hooks-secret-file"), "/run/secrets/hooks-secret");
  assert.equal(settings.valueOf("hooks-without-secret"), "");
  assert.equal(read("emqx.conf").match(/"authorization" = "Bearer HOOKS-SECRET"/g)?.length, 2);
});

for (const unit of readdirSync(join(DEPLOY, "systemd"))) {
  test(`${unit} sets what serve knows, and has each secret that it names`, () => {
    const text = read(join("systemd", unit));
    const variables = [...text.matchAll(/^Environment=(OTA_CLOUD_[A-Z_]+)=(.*)$/gm)];
    const keys = variables.map(([, name = ""]) => name.replace("OTA_CLOUD_", "").toLowerCase().replaceAll("_", "-"));
    for (const key of keys)
      assert.ok(key === "config" || known().has(key) || known().has(key.replace(/-file$/, "")), key);
    for (const [, , value = ""] of variables) {
      const secret = /^%d\/(.+)$/.exec(value)?.[1];
      if (secret !== undefined) assert.ok(text.includes(`LoadCredential=${secret}:`), secret);
    }
    assert.match(text, /^ExecStart=ota-cloud serve$/m);
  });
}
