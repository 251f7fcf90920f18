import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";
import { consolePage } from "./bundle/console.mjs";
import { cuts } from "./bundle/cuts.mjs";
import { declarations } from "./bundle/declarations.mjs";
import { minified } from "./bundle/minified.mjs";
import { notices } from "./bundle/notices.mjs";
import { partManifests } from "./bundle/part-manifests.mjs";
import { privates } from "./bundle/privates.mjs";

const ROOT = fileURLToPath(new URL("./", import.meta.url));

/** What mqtt-packet's parser asks Node for comes from hal/shims. */
const SHIMS = ["bl", "events"];

/** @param folder in which each of them is a file with this ending */
function shims(folder, ending) {
  return {
    name: "shims",
    resolveId(source) {
      return SHIMS.includes(source) ? `${ROOT}${folder}/${source}.${ending}` : null;
    },
  };
}

/** A dependency that is not found would otherwise become an import that nobody can satisfy. */
function refuseUnresolved(level, log, print) {
  if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
  print(level, log);
}

/** On a board a file is imported by its module's name in the manifests. */
const moduleNames = {
  name: "module names",
  renderChunk: (code) => ({
    code: code.replace(/(?<=^(?:import|export) [^;]*?from ')\.\/([a-z-]+)\.js(?=';$)/gm, (_, file) =>
      file === "moddable-ota" ? file : `moddable-ota/${file}`,
    ),
    map: null,
  }),
};

const SHIPPED = "dist/moddable";

/** @param external what the board or another bundle brings */
function bundle(
  input,
  { dir = SHIPPED, external = [], tsconfig = "tsconfig.bundle.json", output = {}, parts = [], statements = false } = {},
) {
  return {
    input,
    output: { dir, format: "es", entryFileNames: "[name].js", chunkFileNames: "[name].js", ...output },
    external,
    // What the parts need of the agent they import from it, and not from a file that both would be made of.
    preserveEntrySignatures: "allow-extension",
    plugins: [
      shims("hal/shims", "ts"),
      // `tsc -b` comes first, and has checked the types.
      typescript({ tsconfig, compilerOptions: { outDir: dir, noCheck: true } }),
      privates,
      nodeResolve(),
      cuts,
      commonjs({ requireReturnsDefault: "preferred" }),
      moduleNames,
      minified({ root: ROOT, shipped: dir === SHIPPED, statements }),
      partManifests({ root: ROOT, agent: "moddable-ota", parts }),
      ...(dir === SHIPPED ? [declarations({ root: ROOT }), notices()] : []),
    ],
    onLog: refuseUnresolved,
  };
}

/**
 * What Node imports: the same code in files of its own, readable, as the package has no dependencies that Node could
 * find. They are made of what tsc has compiled.
 */
const library = {
  input: {
    "moddable-ota": "dist/node/hal/boards/main.js",
    control: "dist/node/src/control/part.js",
    gateway: "dist/node/src/gateway/part.js",
    plans: "dist/node/src/components/part.js",
    mqtt: "dist/node/src/application-mqtt/part.js",
    registration: "dist/node/src/registration/part.js",
    seal: "dist/node/src/seal/part.js",
    packages: "dist/node/src/package/part.js",
    "simulated-board": "dist/node/hal/boards/sim/index.js",
  },
  output: {
    dir: "dist/library",
    format: "es",
    entryFileNames: "[name].js",
    chunkFileNames: "shared/[name].js",
    minifyInternalExports: false,
  },
  external: /^node:/,
  plugins: [
    shims("dist/node/hal/shims", "js"),
    nodeResolve(),
    cuts,
    commonjs({ requireReturnsDefault: "preferred" }),
    notices(),
  ],
  onLog: refuseUnresolved,
};

/** The cloud's page, for browsers. It is made of what tsc has compiled, and lies beside that. */
const page = {
  input: { console: "dist/node/cloud/console/main.js" },
  output: { dir: "dist/node/cloud/console/page", format: "es", entryFileNames: "[name].js" },
  plugins: [
    nodeResolve({ browser: true }),
    consolePage({ source: `${ROOT}cloud/console`, compiled: `${ROOT}dist/node/cloud/console` }),
    notices(),
  ],
  onLog: refuseUnresolved,
};

/** The agent in one file; what only its parts need, each of them, in another. */
function sharedChunk(id, getModuleInfo) {
  const [gateway, plans] = ["src/gateway/part.ts", "src/components/part.ts"].map((part) =>
    reachable(`${ROOT}${part}`, getModuleInfo),
  );
  if (reachable(`${ROOT}hal/boards/main.ts`, getModuleInfo).has(id)) return "moddable-ota";
  return gateway.has(id) && plans.has(id) ? "staging" : null;
}

function reachable(id, getModuleInfo, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of getModuleInfo(id)?.importedIds ?? []) reachable(imported, getModuleInfo, found);
  return found;
}

export default [
  bundle(
    {
      "moddable-ota": "hal/boards/main.ts",
      control: "src/control/part.ts",
      gateway: "src/gateway/part.ts",
      plans: "src/components/part.ts",
      mqtt: "src/application-mqtt/part.ts",
      registration: "src/registration/part.ts",
      seal: "src/seal/part.ts",
      packages: "src/package/part.ts",
    },
    {
      output: { manualChunks: (id, { getModuleInfo }) => sharedChunk(id, getModuleInfo) },
      parts: ["control", "gateway", "plans", "mqtt", "registration", "seal", "packages"],
    },
  ),
  // What the SDK has on a board besides the agent, by the SDK's names.
  bundle(
    { esp32: "hal/boards/esp32/device.ts" },
    {
      tsconfig: "hal/boards/esp32/tsconfig.bundle.json",
      external: ["moddable-ota", "modules", "net"],
    },
  ),
  bundle(
    { lin: "hal/boards/lin/device.ts", "lin-app": "hal/boards/lin/app/main.ts" },
    {
      tsconfig: "hal/boards/lin/tsconfig.bundle.json",
      external: [/^embedded:/, /^moddable-ota/, "crypt", "mc/ffi", "modules", "net", "time", "timer"],
    },
  ),
  // For tests alone: the application that runs on the XS engine, which imports the agent as any application does.
  bundle(
    { xs: "hal/boards/xs/guest/main.ts" },
    {
      tsconfig: "hal/boards/xs/guest/tsconfig.bundle.json",
      external: [/^moddable-ota/],
      dir: "dist/xs",
    },
  ),
  bundle({ parts: "test/bundle/parts.ts" }, { dir: "dist/parts", statements: true }),
  library,
  page,
];
