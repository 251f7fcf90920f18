/** Bits of the field on an ESP32: the highest secure version that it can hold. */
const FIELD_LENGTH = 32;

/** The eFuse field SECURE_VERSION of a chip on which ESP-IDF's anti-rollback is on. It outlives the flash. */
export class SecureVersionEfuse {
  #burnt: number;

  constructor(burnt = 0) {
    this.#burnt = burnt;
  }

  get secureVersion(): number {
    return this.#burnt;
  }

  /** Whether an image may boot (`esp_efuse_check_secure_version`). */
  admits(secureVersion: number | undefined): boolean {
    return secureVersion !== undefined && secureVersion >= this.#burnt;
  }

  /** Whether the field has room for a number. */
  holds(secureVersion: number): boolean {
    return secureVersion <= FIELD_LENGTH;
  }

  /**
   * Burns what is not burnt yet (`esp_efuse_update_secure_version`).
   *
   * @throws Error `ESP_ERR_INVALID_ARG` if the field has no room for it, `ESP_FAIL` if it is lower than the burnt one
   */
  update(secureVersion: number): void {
    if (!this.holds(secureVersion)) throw new Error("ESP_ERR_INVALID_ARG");
    if (secureVersion < this.#burnt) throw new Error("ESP_FAIL");
    this.#burnt = secureVersion;
  }
}
