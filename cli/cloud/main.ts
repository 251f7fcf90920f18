#!/usr/bin/env node
import { Command } from "commander";
import { runProgram } from "../command-line.js";
import { configure } from "./configuration/configure.js";
import { databaseCommands } from "./commands/databases.js";
import { brokerCommands } from "./commands/brokers.js";
import { deviceCommands } from "./commands/devices.js";
import { faultCommands } from "./commands/faults.js";
import { filesCommands } from "./commands/files.js";
import { firmwareCommands } from "./commands/firmware.js";
import { historyCommands, tokenCommands } from "./commands/history.js";
import { keyCommands } from "./commands/keys.js";
import { packageCommands } from "./commands/packages.js";
import { planCommands } from "./commands/plans.js";
import { productCommands } from "./commands/products.js";
import { serveCommand } from "./commands/serve/serve.js";
import { settingsCommand } from "./commands/settings.js";
import { statusCommand } from "./commands/status.js";

const program = new Command("ota-cloud").description("A local stand-in for Tencent Cloud IoT's OTA platform.");

serveCommand(program);
deviceCommands(program);
productCommands(program);
firmwareCommands(program);
filesCommands(program);
keyCommands(program);
packageCommands(program);
planCommands(program);
statusCommand(program);
historyCommands(program);
tokenCommands(program);
faultCommands(program);
brokerCommands(program);
settingsCommand(program);
databaseCommands(program);
configure(program);

await runProgram(program);
