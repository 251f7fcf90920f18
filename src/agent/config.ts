import type { TlsOptions } from "../../hal/ports/index.js";
import type { PolicyConfig } from "../plans/policy.js";
import { OtaError } from "../errors.js";
import { parseUrl } from "../http/url.js";
import type { MqttServer } from "../mqtt/options.js";
import { brokerUrl } from "../protocol/hosts.js";
import { checkIdentity, type Identity } from "../protocol/identity.js";
import { isVersion } from "../protocol/messages.js";
import type { UpdateLimits } from "../update/driver.js";
import { numberIn, wholeIn } from "../update/settings.js";
import type { SealConfig } from "../seal/options.js";
import { checkSettings } from "./settings.js";
import { VERSION } from "./version.js";

/** How an application sets the agent up. Everything but the identity has a default. */
export interface OtaConfig {
  readonly identity: Identity;
  /**
   * The version to report. Default, and best: the one in the application descriptor of the running image. If it is
   * another, no image offered is checked for its version.
   */
  readonly version?: string | undefined;
  readonly broker?: {
    /** `mqtt://host[:port]` or `mqtts://host[:port]`. Default: the platform's own, from product and region. */
    readonly url?: string | undefined;
    /** Trust anchor of the broker, DER. The platform's is private: no board has it by itself. */
    readonly authority?: Uint8Array | undefined;
    /** 0 to 900; 0 is off. Default 120. */
    readonly keepaliveSeconds?: number | undefined;
  };
  readonly download?: {
    /** Trust anchor for https besides the board's own set, DER. */
    readonly authority?: Uint8Array | undefined;
    /** Longest wait for a byte. Default 30. */
    readonly idleTimeoutSeconds?: number | undefined;
    /** Consecutive tries that do not advance before the job fails. Default 8. */
    readonly maxAttempts?: number | undefined;
    /** Bound of the pauses between tries. Default 60. */
    readonly backoffMaxSeconds?: number | undefined;
    /** The field User-Agent of each request: 1 to 64 of printable ASCII. Default `moddable-ota/` and its version. */
    readonly userAgent?: string | undefined;
  };
  /** Present, even if it is empty: the device is a gateway for sub-devices. Needs the part `gateway`. */
  readonly gateway?: {
    /** Where images for sub-devices wait: the data partition `staging` (default), or the OTA slot that does not run. */
    readonly staging?: "partition" | "slot" | undefined;
    /** Longest time without a read, a progress or an acknowledgement of an installation. Default 60. */
    readonly installTimeoutSeconds?: number | undefined;
    /**
     * Messages for all sub-devices in any one second at most, 1 to 30. Default 8: the platform takes 10 with QoS 1.
     */
    readonly messagesPerSecond?: number | undefined;
  };
  /** How long a firmware on trial may take to reach the cloud before it reverts. Default 300. */
  readonly trialSeconds?: number | undefined;
  /**
   * When updates may happen. Needs the part `plans`. Default: at once; if plans are used at all, the defaults of
   * `PolicyConfig` hold.
   */
  readonly policy?: PolicyConfig | undefined;
  /** For the components that are added to `agent.components`. */
  readonly components?: {
    /** Between a component's id and its version on the wire. Default `_`: version 2.1.0 of `mcu` is `mcu_2.1.0`. */
    readonly separator?: string | undefined;
    /** Longest time without a read, a progress or an acknowledgement of an installation. Default 60. */
    readonly installTimeoutSeconds?: number | undefined;
  };
  /** Whose images are taken. Needs the part `seal`. Default: whoever controls the broker decides what runs. */
  readonly seal?: SealConfig | undefined;
  /**
   * An offer of a lower version than the running one is taken. Versions of another form than numbers with dots between
   * them are not compared. Default: true, and false if a seal is required.
   */
  readonly allowDowngrade?: boolean | undefined;
  /**
   * How often the version is reported again, so that a missed offer is made again; 0: never. Default 600, spread by
   * half.
   */
  readonly checkEverySeconds?: number | undefined;
  /**
   * Asked on a firmware on trial that has reached the cloud: only `true` confirms it. Default: reaching the cloud is
   * enough.
   */
  readonly selfTest?: (() => boolean | Promise<boolean>) | undefined;
  /** How long the self test may take. Default 60. */
  readonly selfTestSeconds?: number | undefined;
}

/** The same, checked and with every default filled in. */
export interface ResolvedConfig {
  readonly identity: Identity;
  readonly server: MqttServer;
  readonly keepaliveSeconds: number;
  readonly downloadTls: TlsOptions;
  readonly userAgent: string;
  readonly limits: UpdateLimits;
  readonly gateway:
    | { readonly slot: boolean; readonly installTimeoutMs: number; readonly messagesPerSecond: number }
    | undefined;
  /** Not checked here: that is for the part `plans`. Absent: nobody asks, as long as nobody uses plans. */
  readonly policy: PolicyConfig | undefined;
  /** Not checked here: that is for the part `seal`. */
  readonly seal: SealConfig | undefined;
  readonly allowDowngrade: boolean;
  readonly checkEveryMs: number;
  readonly components: { readonly separator: string; readonly installTimeoutMs: number };
  readonly selfTest: OtaConfig["selfTest"];
}

const SECONDS_PER_DAY = 86_400;

/** Looks at a configuration without using it. @throws OtaError `usage`, one line that says which setting is wrong */
export function checkConfig(config: OtaConfig): void {
  resolveConfig(config);
}

/** @throws OtaError `usage`, one line that says which setting is wrong */
export function resolveConfig(config: OtaConfig): ResolvedConfig {
  checkSettings(config);
  const { identity, broker = {}, download = {}, gateway } = config;
  checkIdentity(identity);
  if (config.version !== undefined && !(typeof config.version === "string" && isVersion(config.version))) {
    throw new OtaError("usage", "version is not 1 to 32 of [A-Za-z0-9._-]");
  }
  const { authentication } = identity;
  const url = broker.url ?? brokerUrl(identity.productId, identity.region ?? "china");
  const clientTls =
    authentication.mode === "CERT"
      ? { certificate: authentication.certificate, privateKey: authentication.privateKey }
      : {};
  return {
    identity,
    server: parseBrokerUrl(url, { authority: broker.authority, ...clientTls }),
    keepaliveSeconds: wholeIn("keepaliveSeconds", broker.keepaliveSeconds ?? 120, 0, 900),
    downloadTls: { authority: download.authority },
    // A line break in it would begin another field.
    userAgent: textOf(
      "userAgent",
      download.userAgent ?? `moddable-ota/${VERSION}`,
      /^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/,
      "1 to 64 of printable ASCII",
    ),
    policy: config.policy,
    seal: config.seal,
    // Whatever is not true is taken as false, which is the safe side: an application may have no compiler.
    allowDowngrade: (config.allowDowngrade ?? (config.seal === undefined || config.seal.required === false)) === true,
    selfTest: config.selfTest,
    components: {
      separator: textOf("separator", config.components?.separator ?? "_", /^[._-]{1,8}$/, "1 to 8 of [._-]"),
      installTimeoutMs: toMs("installTimeoutSeconds", config.components?.installTimeoutSeconds ?? 60),
    },
    checkEveryMs: toMs("checkEverySeconds", config.checkEverySeconds ?? 600, 0),
    limits: {
      idleTimeoutMs: toMs("idleTimeoutSeconds", download.idleTimeoutSeconds ?? 30),
      maxAttempts: wholeIn("maxAttempts", download.maxAttempts ?? 8, 1, 1_000_000),
      backoffMaxMs: toMs("backoffMaxSeconds", download.backoffMaxSeconds ?? 60, 0),
      trialMs: toMs("trialSeconds", config.trialSeconds ?? 300),
      selfTestMs: toMs("selfTestSeconds", config.selfTestSeconds ?? 60),
    },
    gateway: gateway === undefined ? undefined : resolveGateway(gateway),
  };
}

function resolveGateway(gateway: NonNullable<OtaConfig["gateway"]>): NonNullable<ResolvedConfig["gateway"]> {
  const { staging = "partition", installTimeoutSeconds = 60, messagesPerSecond = 8 } = gateway;
  if (staging !== "partition" && staging !== "slot") {
    throw new OtaError("usage", "staging is neither partition nor slot");
  }
  return {
    slot: staging === "slot",
    installTimeoutMs: toMs("installTimeoutSeconds", installTimeoutSeconds),
    messagesPerSecond: wholeIn("messagesPerSecond", messagesPerSecond, 1, 30),
  };
}

function parseBrokerUrl(url: string, tls: TlsOptions): MqttServer {
  // An `mqtt` URL is an `http` URL of another name, with nothing behind its host and port.
  const parsed = url.startsWith("mqtt") ? parseUrl(`http${url.slice(4)}`) : undefined;
  if (parsed?.target !== "/") {
    throw new OtaError("usage", "broker URL is not mqtt://host[:port] or mqtts://host[:port]");
  }
  const { secure, host, port, authority } = parsed;
  const hasPort = authority.endsWith(`:${port}`);
  return { host, port: hasPort ? port : secure ? 8883 : 1883, tls: secure ? tls : undefined };
}

/** @param what the pattern in words @throws OtaError `usage` if the text is another */
function textOf(name: string, text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new OtaError("usage", `${name} is not ${what}`);
  return text;
}

/** @param least seconds */
function toMs(name: string, seconds: number, least = 0.001): number {
  return numberIn(name, seconds, least, SECONDS_PER_DAY) * 1000;
}
