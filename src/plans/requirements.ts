import type { Device, TlsOptions } from "../../hal/ports/index.js";
import type { Requirements } from "../protocol/requirements.js";
import type { Offer } from "../protocol/messages.js";
import { ManifestReader } from "./manifest.js";

export interface PlanRequirementsOptions {
  readonly device: Pick<Device, "clock" | "http" | "log">;
  readonly tls: TlsOptions;
  /** Whether a manifest is looked for. */
  readonly manifest: boolean;
  onRead(): void;
  /** To be tried again. */
  onBusy(): void;
}

/** How often the manifest is asked for before a step goes on without it. */
const MANIFEST_TRIES = 5;
const NONE: Requirements = Object.freeze({});

/** What an image requires, by its manifest and by its offer. */
export class PlanRequirements {
  readonly #options: PlanRequirementsOptions;
  #found: Requirements | undefined;
  #isMissed = false;
  #tries = 0;
  #reader: ManifestReader | undefined;

  constructor(options: PlanRequirementsOptions) {
    this.#options = options;
    if (!options.manifest) this.#found = NONE;
  }

  /** Whether a step goes on without an answer of the server. */
  get isMissed(): boolean {
    return this.#isMissed;
  }

  /** @returns `undefined` if the manifest is not there */
  of(offer: Offer): Requirements | undefined {
    // The fields of the offer are newer than those of the manifest.
    return this.#found === undefined ? undefined : { ...this.#found, ...offer.requirements };
  }

  /** @returns `undefined` if the manifest is not there yet: it is being fetched */
  read(offer: Offer): Requirements | undefined {
    if (this.#found !== undefined) return this.of(offer);
    const { device, tls, onRead, onBusy } = this.#options;
    this.#reader?.close();
    this.#reader = new ManifestReader({
      ...device,
      url: offer.url,
      tls,
      onEnded: (answer) => {
        this.#reader = undefined;
        if ("unknown" in answer && ++this.#tries < MANIFEST_TRIES) {
          device.log("info", "plan", () => `manifest of ${offer.version}: ${answer.unknown}`);
          onBusy();
          return;
        }
        this.#found = "found" in answer ? answer.found : NONE;
        this.#isMissed = "unknown" in answer;
        if (!("found" in answer)) {
          const why = "none" in answer ? answer.none : answer.unknown;
          device.log("warn", "plan", () => `no manifest of ${offer.version}: ${why}`);
        }
        onRead();
      },
    });
    return undefined;
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }
}
