import type { FaultList } from "../faults/fault-list.js";
import type { FileUrls } from "../files/file-urls.js";
import { updateTopic } from "../platform/topics.js";
import type { DeviceName, FirmwareManifest } from "../types.js";
import { wireVersion } from "./wire-version.js";

/** The platform first answers a version report. The offer follows after this many milliseconds. */
export const OFFER_DELAY_MS = 20;

/** What tells whether a device can be reached. */
export interface Reachable extends DeviceName {
  /** The device's gateway if it is a sub-device. */
  readonly gatewayId: number | null;
}

/** What is offered to a device. */
export interface Offer {
  readonly taskId: number;
  readonly device: Reachable;
  readonly component: string;
  readonly version: string;
  readonly file: { readonly path: string; readonly size: number; readonly md5: string };
  /** What the device needs for it, if there is no manifest beside the file that says so. */
  readonly demands?: FirmwareManifest | undefined;
  /** The person at the device is to be asked, and reads this. */
  readonly consent?: { readonly title: string; readonly body: string } | "without-text" | undefined;
}

export interface OffersOptions {
  /** Seconds that a signed URL is valid. */
  readonly urlLifetimeSec: number;
  readonly urls: FileUrls;
  /** Publishes with QoS 0, as the platform always does. */
  publish(topic: string, payload: string): void;
  /**
   * Whether the device is connected and subscribed to its updates. A sub-device is online if its gateway reports so.
   */
  isOnline(device: Reachable): boolean;
  /** Absent if no cloud runs. */
  readonly faults?: FaultList | undefined;
  /** Called if the device was gone by the time of its offer. */
  onUndelivered(taskId: number): void;
  /** Called once the person at a device is asked: a device cannot report that. */
  onAsked(taskId: number): void;
}

/** Sends offers, each with a newly signed URL, a moment after what made them. */
export class Offers {
  readonly #options: OffersOptions;
  /** Offers that are about to be sent. */
  readonly #coming = new Map<number, { readonly timer: NodeJS.Timeout }>();
  #closed = false;

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  get carryDemands(): boolean {
    return !this.#options.urls.hasManifests;
  }

  send(offer: Offer, delayMs = OFFER_DELAY_MS): void {
    this.drop(offer.taskId);
    if (this.#closed) return;
    const { taskId } = offer;
    const timer = setTimeout(() => {
      this.#sendNow(offer, () => this.#coming.get(taskId) === coming)
        .catch(() => this.#notSent(taskId))
        .finally(() => {
          if (this.#coming.get(taskId) === coming) this.#coming.delete(taskId);
        });
    }, delayMs).unref();
    const coming = { timer };
    this.#coming.set(taskId, coming);
  }

  /** Takes an offer back that was not sent yet. */
  drop(taskId: number): void {
    clearTimeout(this.#coming.get(taskId)?.timer);
    this.#coming.delete(taskId);
  }

  /** Nothing is sent any more, and nothing is reported: the next leader makes the offers again. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#coming.values()) clearTimeout(timer);
    this.#coming.clear();
  }

  /** @param isWanted whether it was not taken back meanwhile */
  async #sendNow(offer: Offer, isWanted: () => boolean): Promise<void> {
    const { taskId, device, component, version, file, demands, consent } = offer;
    const { urls, urlLifetimeSec, faults } = this.#options;
    if (!this.#options.isOnline(device)) {
      this.#notSent(taskId);
      return;
    }
    const fault = faults?.strike("offer", device)?.fault;
    const lifetimeSec = fault === "expired" ? -1 : urlLifetimeSec;
    const url = await urls.sign(file, lifetimeSec, { deviceName: device.deviceName, taskId });
    if (!isWanted()) return;
    if (url === undefined) {
      this.#notSent(taskId);
      return;
    }
    const message = {
      file_size: file.size,
      md5sum: fault === "wrong-md5" ? otherMd5(file.md5) : file.md5,
      type: "update_firmware",
      url,
      version: wireVersion(component, version),
      ...demands,
      ...(consent === undefined ? {} : { consent: true }),
      ...(consent === undefined || consent === "without-text" ? {} : { text: consent }),
    };
    this.#options.publish(updateTopic(device), JSON.stringify(message));
    if (consent !== undefined) this.#options.onAsked(taskId);
  }

  #notSent(taskId: number): void {
    if (!this.#closed) this.#options.onUndelivered(taskId);
  }
}

/** @returns an MD5 that differs from this one in its first digit */
function otherMd5(md5: string): string {
  return `${md5.startsWith("0") ? "1" : "0"}${md5.slice(1)}`;
}
