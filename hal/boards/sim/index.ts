/**
 * What a program on Node imports as `moddable-ota/simulated-board`: a chip of the ESP32 family whose flash is a folder.
 *
 * @module moddable-ota/simulated-board
 */
export { type AppImageOptions, buildAppImage } from "./app-image-builder.js";
export { SimulatedBoard, type SimulatedBoardOptions } from "./board.js";
export { SecureVersionEfuse } from "./efuse.js";
export type { NorFlash } from "./nor-flash.js";
export type { Partition } from "./partition-table.js";
export type { Surroundings } from "./platform.js";
export type { Power } from "./power.js";
export { createBoard, factoryFlash, holdsBoard, openFlash, StateError } from "./state-dir.js";
