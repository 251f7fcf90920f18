import { OtaError } from "../errors.js";
import { faultOfSettings, type Known, type SettingNames } from "../lib/settings.js";
import { type Authentication, checkDer, type DeviceInfo, type Identity } from "../protocol/identity.js";
import type { OtaConfig } from "./config.js";

type Section<Name extends keyof OtaConfig> = Known<NonNullable<OtaConfig[Name]>>;
type Proof<Mode> = Extract<Authentication, { readonly mode: Mode }>;

/** Every setting but those of `policy`, which the part `plans` knows. */
const NAMES: SettingNames = Object.freeze({
  "": Object.freeze({
    identity: 1,
    version: 1,
    broker: 1,
    download: 1,
    gateway: 1,
    components: 1,
    policy: 1,
    seal: 1,
    allowDowngrade: 1,
    trialSeconds: 1,
    checkEverySeconds: 1,
    selfTest: 1,
    selfTestSeconds: 1,
  } satisfies Known<OtaConfig>),
  // `subDevices` does nothing: what `parseDeviceInfo` returns is taken as an identity.
  identity: Object.freeze({
    productId: 1,
    deviceName: 1,
    authentication: 1,
    region: 1,
    subDevices: 1,
  } satisfies Known<Identity & Pick<DeviceInfo, "subDevices">>),
  "identity.authentication": Object.freeze({
    mode: 1,
    deviceSecret: 1,
    hash: 1,
    certificate: 1,
    privateKey: 1,
  } satisfies Known<Proof<"KEY">> & Known<Proof<"CERT">>),
  broker: Object.freeze({ url: 1, authority: 1, keepaliveSeconds: 1 } satisfies Section<"broker">),
  download: Object.freeze({
    authority: 1,
    idleTimeoutSeconds: 1,
    maxAttempts: 1,
    backoffMaxSeconds: 1,
    userAgent: 1,
  } satisfies Section<"download">),
  gateway: Object.freeze({ staging: 1, installTimeoutSeconds: 1, messagesPerSecond: 1 } satisfies Section<"gateway">),
  components: Object.freeze({ separator: 1, installTimeoutSeconds: 1 } satisfies Section<"components">),
});

/**
 * An application in JavaScript has no compiler that would find a setting of the wrong kind or name.
 *
 * @throws OtaError `usage`, one line that names the setting
 */
export function checkSettings(config: OtaConfig): void {
  refuse(config, "");
  refuse(config.identity, "identity");
  refuse(config.identity.authentication, "identity.authentication");
  for (const section of ["broker", "download", "gateway", "components"] as const) {
    if (config[section] !== undefined) refuse(config[section], section);
  }
  for (const section of ["broker", "download"] as const) {
    const authority = config[section]?.authority;
    if (authority !== undefined) checkDer(`${section}.authority`, authority);
  }
  if (config.selfTest !== undefined && typeof config.selfTest !== "function") {
    throw new OtaError("usage", "selfTest is not a function");
  }
}

function refuse(value: unknown, section: string): void {
  const fault = faultOfSettings(value, section, NAMES);
  if (fault !== undefined) throw new OtaError("usage", fault);
}
