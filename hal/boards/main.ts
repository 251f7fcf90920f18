/**
 * What an application imports as `moddable-ota`, on Node and on every board.
 *
 * @module moddable-ota
 */
export * from "../../src/index.js";
export type {
  BoardModules,
  DigestConstructor,
  FlashInstance,
  FlashModule,
  KeyValueInstance,
  KeyValueModule,
  PlatformImageState,
  PlatformModule,
  SocketInstance,
  SocketOptions,
  TcpConstructor,
  TimeModule,
  TimerModule,
  TlsConstructor,
  TlsSocketOptions,
} from "../ecma419/modules.js";
export type * from "../ports/index.js";
export { HalError } from "../ports/index.js";
export { createDevice } from "./device.js";
