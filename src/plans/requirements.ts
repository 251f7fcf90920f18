import type { Device, TlsOptions } from "../../hal/ports/index.js";
import { printable } from "../lib/text.js";
import type { Demands } from "../protocol/demands.js";
import type { Offer } from "../protocol/messages.js";
import { ManifestReader } from "./manifest.js";

export interface PlanDemandsOptions {
  readonly device: Pick<Device, "clock" | "http" | "log">;
  readonly tls: TlsOptions;
  /** Whether a manifest is looked for. */
  readonly manifest: boolean;
  onRead(): void;
  /** To be tried again. */
  onBusy(): void;
  /** Tried often enough. */
  onMissing(): void;
}

/** Tries to have the manifest before the job is given up. */
const MANIFEST_TRIES = 5;
const NONE: Demands = Object.freeze({});

/** What an image demands: the word of its manifest, and of its offer. */
export class PlanDemands {
  readonly #options: PlanDemandsOptions;
  #found: Demands | undefined;
  #tries = 0;
  #reader: ManifestReader | undefined;

  constructor(options: PlanDemandsOptions) {
    this.#options = options;
    if (!options.manifest) this.#found = NONE;
  }

  /** @returns `undefined` if the manifest is not there */
  of(offer: Offer): Demands | undefined {
    // The offer's own word is the newer one.
    return this.#found === undefined ? undefined : { ...this.#found, ...offer.demands };
  }

  /** @returns `undefined` if the manifest is not there yet: it is on its way */
  read(offer: Offer): Demands | undefined {
    if (this.#found !== undefined) return this.of(offer);
    const { device, tls, onRead, onBusy, onMissing } = this.#options;
    this.#reader?.close();
    this.#reader = new ManifestReader({
      ...device,
      url: offer.url,
      tls,
      onEnded: (answer) => {
        this.#reader = undefined;
        if ("found" in answer) {
          this.#found = answer.found;
          onRead();
          return;
        }
        device.log("warn", "plan", () => `manifest of ${offer.version}: ${printable(answer.unknown)}`);
        if (++this.#tries >= MANIFEST_TRIES) onMissing();
        else onBusy();
      },
    });
    return undefined;
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }
}
