#!/usr/bin/env node
import { Command } from "commander";
import { runProgram } from "../command-line.js";
import { deviceCommands } from "./commands/devices.js";
import { faultCommands } from "./commands/faults.js";
import { firmwareCommands } from "./commands/firmware.js";
import { historyCommands, tokenCommands } from "./commands/history.js";
import { packageCommands } from "./commands/packages.js";
import { planCommands } from "./commands/plans.js";
import { productCommands } from "./commands/products.js";
import { serveCommand } from "./commands/serve.js";
import { statusCommand } from "./commands/status.js";

const program = new Command("ota-cloud").description("A local stand-in for Tencent Cloud IoT's OTA platform.");

serveCommand(program);
deviceCommands(program);
productCommands(program);
firmwareCommands(program);
packageCommands(program);
planCommands(program);
statusCommand(program);
historyCommands(program);
tokenCommands(program);
faultCommands(program);

await runProgram(program);
