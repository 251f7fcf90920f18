export { type AgentEvents, OtaAgent } from "./agent.js";
export { checkConfig, type OtaConfig } from "./config.js";
export { OtaError, type OtaErrorCode, type Outcome } from "./errors.js";
export { type Authentication, type DeviceInfo, type Identity, parseDeviceInfo } from "./protocol/identity.js";
export type { Result, VersionAnswer } from "./protocol/messages.js";
export type { State } from "./update/types.js";
