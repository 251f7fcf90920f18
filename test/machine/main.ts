import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../support/root.js";
import { machineDocument } from "./document.js";

const path = join(ROOT, "docs/machine.md");
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, machineDocument());
process.stdout.write("docs/machine.md is current\n");
