import Net from "net";
import type { PlatformModule } from "moddable-ota";

/** Seconds since 1970. A board's clock starts in 1970, so an earlier time means that SNTP has not set it yet. */
const EARLIEST_TIME_S = 1_577_836_800;

/*
 * Each of these is a function of boot.c. The compiler replaces a method by the native function only if its body has
 * exactly this form; any other body would be bytecode that calls it.
 */
const boot: PlatformModule["boot"] = {
  runningSlot() {
    return native<string>("ota_running_slot").call(this);
  },
  targetSlot() {
    return native<string>("ota_target_slot").call(this);
  },
  imageState(slot) {
    return native<ReturnType<PlatformModule["boot"]["imageState"]>>("ota_image_state").call(this, slot);
  },
  imageVersion(slot) {
    return native<string | undefined>("ota_image_version").call(this, slot);
  },
  secureVersion(slot) {
    return native<number | undefined>("ota_secure_version").call(this, slot);
  },
  chipId() {
    return native<number>("ota_chip_id").call(this);
  },
  forgetTarget() {
    return native<void>("ota_forget_target").call(this);
  },
  setPending() {
    return native<void>("ota_set_pending").call(this);
  },
  confirm() {
    return native<void>("ota_confirm").call(this);
  },
  revert() {
    return native<void>("ota_revert").call(this);
  },
  restart() {
    return native<void>("ota_restart").call(this);
  },
};

/** What ECMA-419 lacks, on the chip. */
export const platform: PlatformModule = {
  boot,
  resolve(host, callback) {
    System.resolve(host, callback);
  },
  randomFill(into) {
    return native<void>("ota_random_fill").call(this, into);
  },
  verifyP256(publicKey, message, signature) {
    return native<boolean>("ota_verify_p256").call(this, publicKey, message, signature);
  },
  decodeBlock(tables, dictionary, baseLength, record, recordLength, block, blockLength, byteOffset) {
    return native<string | undefined>("ota_decode_block").call(
      this,
      tables,
      dictionary,
      baseLength,
      record,
      recordLength,
      block,
      blockLength,
      byteOffset,
    );
  },
  unixTime() {
    const seconds = Math.floor(Date.now() / 1000);
    return seconds < EARLIEST_TIME_S ? undefined : seconds;
  },
  signalDbm,
};

/** Strength of the Wi-Fi signal in dBm, `undefined` if not connected. */
export function signalDbm(): number | undefined {
  return Net.get("RSSI");
}
