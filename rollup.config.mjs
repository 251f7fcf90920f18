import { fileURLToPath } from "node:url";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import typescript from "@rollup/plugin-typescript";
import { minify } from "terser";

/** What mqtt-packet asks Node for comes from hal/shims. */
const SHIMS = ["bl", "buffer", "debug", "events", "process-nextick-args"];

const shims = {
  name: "shims",
  resolveId(source) {
    return SHIMS.includes(source) ? fileURLToPath(new URL(`hal/shims/${source}.ts`, import.meta.url)) : null;
  },
};

/** We speak MQTT 3.1.1 alone: what mqtt-packet does for 5.0, and its calls of `debug`, would be a fifth of its code. */
const mqtt311 = {
  name: "mqtt-3.1.1",
  transform(code, id) {
    if (!id.includes("mqtt-packet")) return null;
    return {
      code: code.replace(/^\s*debug\(.*\);?$/gm, "").replace(/\b[\w.]*[vV]ersion === 5\b/g, "false"),
      map: null,
    };
  },
};

/** mqtt-packet's parser calls these by the names it keeps in a list. */
const CALLED_BY_NAME = ["_parseHeader", "_parseLength", "_parsePayload", "_newPacket"];

const minified = {
  name: "minified",
  async renderChunk(code) {
    const result = await minify(code, {
      module: true,
      ecma: 2022,
      compress: { passes: 3 },
      mangle: { properties: { regex: /^_/, reserved: CALLED_BY_NAME } },
      format: { comments: false },
    });
    return result.code;
  },
};

const agent = {
  input: { "moddable-ota": "hal/boards/main.ts" },
  output: { dir: "dist/moddable", format: "es", entryFileNames: "[name].js" },
  plugins: [shims, typescript({ tsconfig: "tsconfig.bundle.json" }), nodeResolve(), mqtt311, commonjs(), minified],
};

/** What `-p esp32` needs besides the agent; the SDK has the rest, by these names. */
const esp32 = {
  input: { esp32: "hal/boards/esp32/device.ts" },
  output: { dir: "dist/moddable", format: "es", entryFileNames: "[name].js" },
  external: ["moddable-ota", "modules", "net"],
  plugins: [typescript({ tsconfig: "hal/boards/esp32/tsconfig.bundle.json" }), nodeResolve(), minified],
};

/** What `-p lin` needs besides the agent; the SDK has the rest, by these names. */
const lin = {
  input: { lin: "hal/boards/lin/device.ts", "lin-app": "hal/boards/lin/app/main.ts" },
  output: { dir: "dist/moddable", format: "es", entryFileNames: "[name].js" },
  external: [/^embedded:/, /^moddable-ota/, "crypt", "mc/ffi", "modules", "net", "time", "timer"],
  plugins: [typescript({ tsconfig: "hal/boards/lin/tsconfig.bundle.json" }), nodeResolve(), minified],
};

/** The application that runs on the XS engine of the tests; it imports the agent as any application does. */
const xs = {
  input: { xs: "hal/boards/xs/guest/main.ts" },
  output: { dir: "dist/moddable", format: "es", entryFileNames: "[name].js" },
  external: ["moddable-ota"],
  plugins: [typescript({ tsconfig: "hal/boards/xs/guest/tsconfig.bundle.json" }), minified],
};

export default [agent, esp32, lin, xs];
