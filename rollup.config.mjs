import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";
import { cuts } from "./bundle/cuts.mjs";
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
function bundle(name, input, { dir = SHIPPED, external = [] } = {}) {
  return {
    input: { [name]: input },
    output: { dir, format: "es", entryFileNames: "[name].js" },
    external,
    plugins: [
      shims,
      typescript({ tsconfig: "tsconfig.bundle.json", compilerOptions: { outDir: dir } }),
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
  bundle("moddable-ota", "hal/boards/main.ts"),
  // For tests alone.
  bundle("parts", "test/bundle/parts.ts", { dir: "dist/parts" }),
];
