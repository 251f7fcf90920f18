export { OtaAgent } from "./agent/agent.js";
export type { ApplicationMqtt, PublishOptions } from "./application-mqtt/application-mqtt.js";
export type { MqttPart } from "./application-mqtt/part.js";
export type { ApplicationMessage, MessageListener } from "./application-mqtt/subscriptions.js";
export type { InstallImage, InstallJob, Installer } from "./staging/installation.js";
export { checkConfig, type OtaConfig } from "./agent/config.js";
export type { UpdateControl } from "./control/control.js";
export type { EndedJob } from "./control/ended-job.js";
export type { ControlPart } from "./control/part.js";
export type { TimedProgress } from "./control/rate.js";
export type { CheckEnd } from "./control/single-shot.js";
export type { ComponentOptions } from "./components/options.js";
export type { ComponentEvent } from "./components/component.js";
export type { Components } from "./components/components.js";
export type { Plan, PlanFacts, Unmet } from "./plans/plan.js";
export type { PlansPart } from "./components/part.js";
export type { PolicyConfig } from "./plans/policy.js";
export type { SealConfig } from "./seal/options.js";
export { type FailedOutcome, OtaError, type OtaErrorCode, type Outcome } from "./errors.js";
export type { BindOptions } from "./gateway/bind-proof.js";
export type { Gateway } from "./gateway/gateway.js";
export type { GatewayPart } from "./gateway/part.js";
export type {
  Phase as SubDevicePhase,
  SubDeviceEvent,
  SubDeviceOptions,
  SubDeviceState,
} from "./gateway/sub-device.js";
export type { AgentEvents } from "./agent/events.js";
export type { AgentParts } from "./agent/parts.js";
export {
  type Authentication,
  type DeviceInfo,
  type DeviceName,
  type Hash,
  type Identity,
  parseDeviceInfo,
} from "./protocol/identity.js";
export type { OfferText } from "./protocol/consent.js";
export type { Offer, Result, VersionAnswer } from "./protocol/messages.js";
export type { ComponentKind, Requirements } from "./protocol/requirements.js";
export type { DownloadProgress } from "./update/machine/progress-of.js";
export type { ClearedStep, Image, State } from "./update/machine/types.js";
