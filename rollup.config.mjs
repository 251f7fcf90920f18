import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";
import { cuts } from "./bundle/cuts.mjs";
import { methods } from "./bundle/methods.mjs";
import { minified } from "./bundle/minified.mjs";

const ROOT = fileURLToPath(new URL("./", import.meta.url));

/** What mqtt-packet asks Node for comes from hal/shims. */
const SHIMS = ["bl", "buffer", "debug", "events", "process-nextick-args"];

const shims = {
  name: "shims",
  resolveId(source) {
    return SHIMS.includes(source) ? `${ROOT}hal/shims/${source}.ts` : null;
  },
};

const SHIPPED = "dist/moddable";

/** @param external what the board or another bundle brings */
function bundle(input, { dir = SHIPPED, external = [], tsconfig = "tsconfig.bundle.json" } = {}) {
  return {
    input,
    output: { dir, format: "es", entryFileNames: "[name].js" },
    external,
    plugins: [
      shims,
      typescript({ tsconfig, compilerOptions: { outDir: dir } }),
      methods,
      nodeResolve(),
      cuts,
      commonjs({ requireReturnsDefault: "preferred" }),
      minified({ root: ROOT, shipped: dir === SHIPPED }),
    ],
    // A dependency that is not found would otherwise become an import that no board can satisfy.
    onLog(level, log, print) {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      print(level, log);
    },
  };
}

export default [
  bundle({ "moddable-ota": "hal/boards/main.ts" }),
  // What the SDK has on a board besides the agent, by the SDK's names.
  bundle({ esp32: "hal/boards/esp32/device.ts" }, {
    tsconfig: "hal/boards/esp32/tsconfig.bundle.json",
    external: ["moddable-ota", "modules", "net"],
  }),
  bundle({ lin: "hal/boards/lin/device.ts", "lin-app": "hal/boards/lin/app/main.ts" }, {
    tsconfig: "hal/boards/lin/tsconfig.bundle.json",
    external: [/^embedded:/, /^moddable-ota/, "crypt", "mc/ffi", "modules", "net", "time", "timer"],
  }),
  // For tests alone: the application that runs on the XS engine, which imports the agent as any application does.
  bundle({ xs: "hal/boards/xs/guest/main.ts" }, {
    tsconfig: "hal/boards/xs/guest/tsconfig.bundle.json",
    external: ["moddable-ota"],
    dir: "dist/xs",
  }),
  bundle({ parts: "test/bundle/parts.ts" }, { dir: "dist/parts" }),
];
