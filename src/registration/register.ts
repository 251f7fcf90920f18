import type { Device } from "../../hal/ports/index.js";
import { describeError, describeFailure, OtaError, ruleFor } from "../errors.js";
import { type HttpUrl, parseUrl } from "../http/url.js";
import { fullJitter, randomFraction } from "../lib/jitter.js";
import { printable } from "../lib/text.js";
import {
  type Authentication,
  checkDer,
  checkDeviceName,
  type DeviceName,
  type Identity,
} from "../protocol/identity.js";
import {
  decodeRegistration,
  REGISTRATION_PATH,
  type RegistrationAnswer,
  registrationUrl,
  signRegistration,
} from "../protocol/registration.js";
import { post, type PostAnswer } from "./post.js";
import { loadRegistration, storeRegistration } from "./record.js";

export interface RegisterOptions extends DeviceName {
  readonly device: Pick<Device, "store" | "http" | "clock" | "random" | "digests" | "log">;
  /**
   * The product's, as the console shows it: 16 to 64 visible ASCII characters. An update needs none, and should hold
   * none: the device has registered before.
   */
  readonly productSecret?: string | undefined;
  /** `china` (default), `us-east`, `europe` or `ap-bangkok`. */
  readonly region?: string | undefined;
  /** `http://host[:port]` or `https://host[:port]`. Default: the platform's own, from the region. */
  readonly url?: string | undefined;
  /** Trust anchor for https besides the board's own set, DER. */
  readonly authority?: Uint8Array | undefined;
  /** Tries before it rejects, if the platform cannot be reached. Default: no end of them. */
  readonly maxAttempts?: number | undefined;
}

/** Bounds of the pause between two tries, in milliseconds. */
const PAUSE_LEAST_MS = 1000;
const PAUSE_BASE_MS = 2000;
const PAUSE_MOST_MS = 60_000;

/** If the clocks of device and server differ by more, in seconds, a refusal may be due to that. */
const CLOCK_TOLERANCE = 60;

/**
 * Makes a device known to the platform by its product's secret. What the device's key-value store holds from an
 * earlier registration of this name is returned without a request. If there is none, the platform is asked, and its
 * answer is stored before this resolves: an agent with this identity never connects before the secret is kept.
 *
 * @returns the identity for `OtaConfig`
 * @throws OtaError (rejects) `usage` for wrong options, `registration-refused` with the platform's code if it says no,
 *   `store-failed`, `untrusted`, `http-status`; and after `maxAttempts` what the last of them has met
 */
export async function register(options: RegisterOptions): Promise<Identity> {
  const { productId, deviceName, region } = options;
  const { url, tls } = resolve(options);
  const authentication = stored(options) ?? (await obtain(options, url, tls));
  return {
    productId,
    deviceName,
    authentication,
    ...(region === undefined ? {} : { region }),
  };
}

/** Types do not hold for what an application in JavaScript hands in. @throws OtaError `usage` */
function resolve(options: RegisterOptions): { readonly url: HttpUrl; readonly tls: { authority?: Uint8Array } } {
  const { productSecret, region = "china", authority, maxAttempts } = options;
  checkDeviceName(options);
  if (productSecret !== undefined && !isProductSecret(productSecret)) {
    throw new OtaError("usage", "productSecret is not 16 to 64 visible ASCII characters");
  }
  if (authority !== undefined) checkDer("authority", authority);
  if (maxAttempts !== undefined && !(maxAttempts >= 1)) throw new OtaError("usage", "maxAttempts is not 1 or more");
  const own = registrationUrl(region);
  const url = parseUrl(options.url ?? own);
  if (url?.target !== "/") throw new OtaError("usage", "url is not http://host[:port] or https://host[:port]");
  return { url: { ...url, target: REGISTRATION_PATH }, tls: authority === undefined ? {} : { authority } };
}

/** Without a RegExp, which would take a slot of XS's stack for each character. */
function isProductSecret(secret: unknown): boolean {
  if (typeof secret !== "string" || secret.length < 16 || secret.length > 64) return false;
  for (let index = 0; index < secret.length; index++) {
    const code = secret.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

/** @returns `undefined` if nothing is stored for this name @throws OtaError `store-failed` */
function stored({ device, productId, deviceName }: RegisterOptions): Authentication | undefined {
  const found = inStore(() => loadRegistration(device.store));
  if (found === undefined) return undefined;
  const isDamaged = found === "damaged";
  if (!isDamaged && found.productId === productId && found.deviceName === deviceName) return found.authentication;
  device.log("warn", "registration", () =>
    isDamaged ? "the stored registration is damaged" : "the stored registration is of another device",
  );
  return undefined;
}

/** Asks until the platform has said yes or no. */
async function obtain(
  options: RegisterOptions,
  url: HttpUrl,
  tls: { readonly authority?: Uint8Array },
): Promise<Authentication> {
  const { device, productId, deviceName, productSecret, maxAttempts = Infinity } = options;
  const { log, random } = device;
  if (productSecret === undefined) {
    throw new OtaError("usage", "this device has not registered yet, and there is no productSecret to do it with");
  }
  for (let attempt = 1; ; attempt++) {
    try {
      const authentication = await ask({ ...options, productSecret }, url, tls);
      inStore(() => storeRegistration(device.store, { productId, deviceName, authentication }));
      log("info", "registration", () => `${productId}/${deviceName} is registered`);
      return authentication;
    } catch (thrown) {
      const error = thrown instanceof OtaError ? thrown : new OtaError("internal", describeError(thrown));
      if (ruleFor(error.code).remedy !== "back-off" || attempt >= maxAttempts) throw error;
      const pauseMs = PAUSE_LEAST_MS + fullJitter(attempt, { baseMs: PAUSE_BASE_MS, maxMs: PAUSE_MOST_MS, random });
      log("warn", "registration", () => `try ${attempt} failed (${describeFailure(error)}); next in ${pauseMs} ms`);
      await new Promise<void>((done) => device.clock.timer("registration", pauseMs, done));
    }
  }
}

/**
 * Asks once; and once more by the server's clock, if the platform refuses and this device's clock is wrong or missing.
 *
 * @throws OtaError (rejects)
 */
async function ask(
  options: RegisterOptions & { readonly productSecret: string },
  url: HttpUrl,
  tls: { readonly authority?: Uint8Array },
): Promise<Authentication> {
  const { device, productSecret } = options;
  const exchange = async (unixTime: number): Promise<{ answer: RegistrationAnswer; posted: PostAnswer }> => {
    // What called this has left the stack of a chip then. The same holds below, for the connection.
    await undefined;
    const nonce = Math.floor(randomFraction(device.random) * 0x7fffffff);
    const { digests } = device;
    const signed = signRegistration({ ...options, ...url, unixTime, nonce, digests });
    await undefined;
    const posted = await post({ device, url, tls, ...signed });
    if (posted.status >= 500 || posted.status === 429) throw busy(`server answers ${posted.status}`);
    return { answer: decodeRegistration(posted.content, productSecret), posted };
  };
  const unixTime = device.clock.unixTime() ?? 0;
  let { answer, posted } = await exchange(unixTime);
  const serverTime = posted.unixTime ?? unixTime;
  if (answer.kind === "refused" && Math.abs(serverTime - unixTime) > CLOCK_TOLERANCE) {
    ({ answer, posted } = await exchange(serverTime));
  }
  return authenticationOf(answer, posted.status);
}

/** @throws OtaError */
function authenticationOf(answer: RegistrationAnswer, status: number): Authentication {
  switch (answer.kind) {
    case "registered":
      return answer.authentication;
    case "refused": {
      const { code } = answer;
      const text = printable(`${code}: ${answer.message}`, 256);
      // The platform's own troubles pass; all else needs a person.
      if (code.startsWith("InternalError") || code.startsWith("RequestLimitExceeded")) throw busy(text);
      throw new OtaError("registration-refused", `platform refuses: ${text}`);
    }
    case "unusable":
      if (status !== 200) throw new OtaError("http-status", `server answers ${status}`);
      throw new OtaError("unexpected-answer", answer.message);
  }
}

function busy(message: string): OtaError {
  return new OtaError("server-busy", message);
}

/** @throws OtaError `store-failed` */
function inStore<Value>(operate: () => Value): Value {
  try {
    return operate();
  } catch (error) {
    throw new OtaError("store-failed", describeError(error));
  }
}
