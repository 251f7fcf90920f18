import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../support/root.js";
import { machineDocument } from "./document.js";
import { fleetDocument } from "./fleet-document.js";

const path = join(ROOT, "docs/machine.md");
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, machineDocument());
const fleet = join(ROOT, "docs/fleet.md");
writeFileSync(fleet, fleetDocument(readFileSync(fleet, "utf8")));
process.stdout.write("docs/machine.md and docs/fleet.md are current\n");
