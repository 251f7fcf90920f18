/** What an application imports as `moddable-ota`, on Node and on every board. */
export * from "../../src/index.js";
export type { BoardModules, PlatformModule } from "../ecma419/modules.js";
export type * from "../ports/index.js";
export { HalError } from "../ports/index.js";
export { createDevice } from "./device.js";
