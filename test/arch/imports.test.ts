import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/root.js";

interface Import {
  readonly file: string;
  /** A path from the root for our own modules, the name of the package otherwise. */
  readonly target: string;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

const imports = ["src", "hal", "cloud", "cli", "test", "bench"].flatMap(importsOf);

/**
 * The rooms of `src`: each may open those before its braces, and not those beside it in the same braces.
 *
 * lib <- errors <- { protocol, http, image, mqtt } <- update <- { staging, plans, package, seal } <- { components, gateway } <- agent <- index
 */
const LAYERS: readonly (readonly string[])[] = [
  ["lib"],
  ["errors"],
  ["protocol", "http", "image", "mqtt"],
  ["update"],
  ["staging", "plans", "package", "seal"],
  ["components", "gateway"],
  ["agent"],
  ["index"],
];

/** What an application hands in where it needs it. */
const PARTS = ["plans", "components", "gateway", "package", "seal"];

test("each room of src imports only the rooms below it", () => {
  for (const { file, target } of imports) {
    if (!file.startsWith("src/") || !target.startsWith("src/")) continue;
    const [from, to] = [roomOf(file), roomOf(target)];
    assert.ok(from === to || layerOf(to) < layerOf(from), `${file} imports ${target}`);
  }
});

test("the agent knows the types of its parts: only an application imports them", () => {
  for (const { file, target, typeOnly } of imports) {
    if (!["agent", "index"].includes(roomOf(file)) || !file.startsWith("src/") || !target.startsWith("src/")) continue;
    assert.ok(typeOnly || !PARTS.includes(roomOf(target)), `${file} imports ${target}`);
  }
});

test("src knows of the hardware only the types of its ports", () => {
  for (const { file, target, typeOnly } of imports) {
    if (!file.startsWith("src/") || !target.startsWith("hal/")) continue;
    assert.ok(target.startsWith("hal/ports/") && typeOnly, `${file} imports ${target}`);
  }
});

test("the machine imports errors, and of the rest types only: no port, no clock", () => {
  for (const { file, target, names, typeOnly } of imports) {
    if (!file.startsWith("src/update/machine/")) continue;
    assert.ok(typeOnly || target === "src/errors" || target.startsWith("src/update/machine/"), `${file} imports ${target}`);
    // What a board found when it booted is data, and no port.
    if (target.startsWith("hal/")) assert.deepEqual(names, ["BootStatus"], `${file} imports ${target}`);
  }
});

test("the adapters and the HTTP client import the ports only", () => {
  for (const { file, target } of imports) {
    const room = /^hal\/(ecma419|http|ports)\//.exec(file)?.[0];
    if (room === undefined) continue;
    assert.ok(target.startsWith(room) || target.startsWith("hal/ports/"), `${file} imports ${target}`);
  }
});

test("the boards import the adapters, the HTTP client, the ports and one another", () => {
  for (const { file, target } of imports) {
    if (!file.startsWith("hal/boards/") || !target.startsWith("hal/")) continue;
    assert.match(target, /^hal\/(ecma419|http|ports|boards)\//, `${file} imports ${target}`);
  }
});

test("of the boards only main.ts imports src", () => {
  for (const { file, target } of imports) {
    if (!file.startsWith("hal/boards/") || !target.startsWith("src/")) continue;
    assert.match(file, /^hal\/boards\/([a-z0-9]+\/)?main\.ts$/, `${file} imports ${target}`);
  }
});

test("what runs in the engine takes the agent from the bundle, and of the rest types only", () => {
  for (const { file, target, typeOnly } of imports) {
    if (!file.startsWith("hal/boards/xs/guest/")) continue;
    const allowed = /^moddable-ota(\/(gateway|plans))?$/.test(target) || target.startsWith("hal/boards/xs/guest/");
    assert.ok(allowed || (typeOnly && target.startsWith("hal/ecma419/")), `${file} imports ${target}`);
  }
});

test("packages are imported in their one place", () => {
  for (const { file, target } of imports) {
    if (target === "mqtt-packet" && file.startsWith("src/")) assert.equal(file, "src/mqtt/codec.ts");
    if (target === "spark-md5") assert.equal(file, "src/image/digest.ts");
    if (target.startsWith("embedded:")) assert.match(file, /^hal\/boards\/(esp32|lin)\//);
    if (target.startsWith("node:")) {
      assert.match(file, /^(hal\/boards\/(sim|xs(?!\/guest))|cloud|cli|test|bench)\//, `${file} imports ${target}`);
    }
    if (target.startsWith("moddable-ota")) assert.match(file, /^hal\/boards\/(xs\/guest|esp32|lin)\//, `${file} imports ${target}`);
    if (file.startsWith("src/") && !target.startsWith("src/") && !target.startsWith("hal/")) {
      assert.ok(target === "mqtt-packet" || target === "spark-md5", `${file} imports ${target}`);
    }
  }
});

test("modules of the SDK are imported by the boards that have it", () => {
  for (const { file, target } of imports) {
    if (/^(embedded:.*|mc\/.*|crypt|modules|net|time|timer)$/.test(target)) assert.match(file, /^hal\/boards\/(esp32|lin)\//, `${file} imports ${target}`);
  }
});

test("of the cloud the fleet imports nothing but itself, and the console reaches the API by HTTP only", () => {
  for (const { file, target } of imports) {
    const folder = /^cloud\/(fleet|console)\//.exec(file)?.[0];
    if (folder === undefined) continue;
    assert.ok(target.startsWith(folder) || (folder === "cloud/console/" && !target.startsWith("cloud/")), `${file} imports ${target}`);
  }
});

test("tests and commands are not imported by what is shipped", () => {
  for (const { file, target } of imports) {
    if (target.startsWith("test/")) assert.match(file, /^(test|bench)\//, `${file} imports ${target}`);
    if (target.startsWith("cli/")) assert.match(file, /^(cli|test|bench)\//, `${file} imports ${target}`);
    if (target.startsWith("cloud/")) assert.match(file, /^(cloud|cli|test|bench)\//, `${file} imports ${target}`);
  }
});

test("nothing imports in a circle", () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, typeOnly } of imports) {
    if (typeOnly || !target.includes("/")) continue;
    const from = file.replace(/\.ts$/, "");
    edges.set(from, [...(edges.get(from) ?? []), target]);
  }
  const state = new Map<string, "open" | "done">();
  const visit = (node: string, path: readonly string[]): void => {
    if (state.get(node) === "done") return;
    assert.notEqual(state.get(node), "open", `circle: ${[...path, node].join(" -> ")}`);
    state.set(node, "open");
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    state.set(node, "done");
  };
  for (const node of edges.keys()) visit(node, []);
});

test("src uses no global of Node, of browsers or of timers", () => {
  const globals = /\b(Buffer|process|setTimeout|setInterval|setImmediate|queueMicrotask|console|TextEncoder|TextDecoder|URL|crypto|structuredClone|fetch)\b/;
  for (const file of files("src").concat(files("hal/ecma419"), files("hal/http"), files("hal/ports"))) {
    if (file.endsWith(".d.ts")) continue;
    const code = readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "");
    assert.doesNotMatch(code, globals, file);
  }
});

function roomOf(path: string): string {
  const [, room = ""] = path.replace(/\.ts$/, "").split("/");
  return room;
}

function layerOf(room: string): number {
  const layer = LAYERS.findIndex((rooms) => rooms.includes(room));
  assert.ok(layer >= 0, `no room of src: ${room}`);
  return layer;
}

function importsOf(folder: string): Import[] {
  return files(folder).flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const found = text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"]*?\sfrom\s+)?"([^"]+)";/gm);
    return [...found].map(([, type, names = "", target = ""]) => ({
      file,
      target: resolve(file, target),
      names: namesIn(names).map((name) => name.replace(/^type /, "")),
      typeOnly: type !== undefined || onlyTypes(names),
    }));
  });
}

/** `{ type A, type B } from` */
function onlyTypes(names: string): boolean {
  const list = namesIn(names);
  return list.length > 0 && list.every((name) => name.startsWith("type "));
}

function namesIn(names: string): string[] {
  return (/\{([^}]*)\}/.exec(names)?.[1] ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function resolve(file: string, target: string): string {
  return target.startsWith(".") ? normalize(join(dirname(file), target)).replace(/\.js$/, "") : target;
}

function files(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}
