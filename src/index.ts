export { type AgentEvents, OtaAgent } from "./agent.js";
export type { InstallImage, InstallJob, Installer } from "./components/hand-over.js";
export { checkConfig, type OtaConfig } from "./config.js";
export { OtaError, type OtaErrorCode, type Outcome } from "./errors.js";
export type { BindOptions, Gateway } from "./gateway/gateway.js";
export type { SubDeviceEvent, SubDeviceOptions, SubDeviceState } from "./gateway/sub-device.js";
export { type Authentication, type DeviceInfo, type DeviceName, type Identity, parseDeviceInfo } from "./protocol/identity.js";
export type { Result, VersionAnswer } from "./protocol/messages.js";
export type { State } from "./update/types.js";
