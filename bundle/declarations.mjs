import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * Writes <name>.d.ts beside each bundle: its types are those of the module that it is made of, as tsc leaves them in
 * dist/node. mcconfig has TypeScript look for the types of a module at the path that a manifest has for it, and nowhere
 * else.
 */
export function declarations({ root }) {
  return {
    name: "declarations",
    writeBundle({ dir }, bundle) {
      for (const { name, isEntry, facadeModuleId, exports } of Object.values(bundle)) {
        if (!isEntry) continue;
        const source = relative(root, facadeModuleId).replace(/\.ts$/, ".js");
        const from = JSON.stringify(relative(dir, join(root, "dist", "node", source)));
        const lines = [
          `export * from ${from};`,
          ...(exports.includes("default") ? [`export { default } from ${from};`] : []),
        ];
        writeFileSync(join(dir, `${name}.d.ts`), `${lines.join("\n")}\n`);
      }
    },
  };
}
