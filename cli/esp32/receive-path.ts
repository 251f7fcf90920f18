/** Window that the SDK sets on most chips, in bytes: one that is not larger does without selective acknowledgements. */
const SDK_WINDOW_LENGTH = 5744;
/** End of the range of LWIP_TCP_OOSEQ_MAX_PBUFS. In place of a larger value ESP-IDF takes its default. */
const MOST_OUT_OF_ORDER = 12;

/** Defaults of ESP-IDF v6.0, for what a merged sdkconfig leaves out. */
const DEFAULTS = {
  CONFIG_LWIP_TCP_MSS: 1440,
  CONFIG_LWIP_TCP_WND_DEFAULT: 5760,
  CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: 4,
  CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM: 10,
  CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: 32,
  CONFIG_ESP_WIFI_RX_BA_WIN: 6,
} as const;
const SACK = "CONFIG_LWIP_TCP_SACK_OUT";
/** Without it, lwIP keeps nothing that comes out of order, and has nothing to acknowledge selectively. */
const QUEUE = "CONFIG_LWIP_TCP_QUEUE_OOSEQ";

/**
 * Checks the settings of lwIP and of the Wi-Fi driver that belong together.
 *
 * @param settingOf the last value of a setting in the merged sdkconfig; `undefined` if it is not set
 * @returns what they are, in words
 * @throws Error that names a setting that does not fit the others, and what to set
 */
export function checkReceivePath(settingOf: (name: string) => string | undefined): string {
  const number = (name: keyof typeof DEFAULTS): number => Number(settingOf(name) ?? DEFAULTS[name]);
  const mss = number("CONFIG_LWIP_TCP_MSS");
  const window = number("CONFIG_LWIP_TCP_WND_DEFAULT");
  const segments = window / mss;
  const whole = Math.floor(segments);
  if (segments !== whole) {
    throw wrong("CONFIG_LWIP_TCP_WND_DEFAULT", window, `no multiple of a segment of ${mss} bytes`, [
      `set it to ${whole * mss} or ${(whole + 1) * mss}`,
    ]);
  }
  const held = number("CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM");
  if (held < segments) {
    throw wrong("CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM", held, `less than the ${segments} segments of the window`, [
      `set it to ${segments}`,
      `set CONFIG_LWIP_TCP_WND_DEFAULT to ${held * mss}`,
    ]);
  }
  if (window > SDK_WINDOW_LENGTH && settingOf(SACK) !== "y") {
    throw wrong(SACK, settingOf(SACK) ?? "not set", `needed for a window of more than ${SDK_WINDOW_LENGTH} bytes`, [
      "set it to y",
    ]);
  }
  const queue = settingOf(QUEUE) ?? "y";
  if (queue !== "y") {
    // mcconfig leaves nothing behind the name if the SDK's own file had y.
    throw wrong(QUEUE, queue === "" ? "n" : queue, "and nothing is kept that comes out of order", ["leave it out"]);
  }
  const kept = number("CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS");
  const wanted = Math.min(segments, MOST_OUT_OF_ORDER);
  // 0 is no limit.
  if (kept !== 0 && kept < wanted) {
    throw wrong("CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS", kept, `less than the window's segments`, [`set it to ${wanted}`]);
  }
  if (kept > MOST_OUT_OF_ORDER) {
    throw wrong("CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS", kept, "and ESP-IDF takes its default in place of that", [
      `set it to ${MOST_OUT_OF_ORDER}`,
    ]);
  }
  checkDriver(held, number("CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM"), number("CONFIG_ESP_WIFI_RX_BA_WIN"));
  return `window of ${segments} segments, ${held} static buffers`;
}

/** ESP-IDF recommends the first limit, and its build stops at the others (esp_wifi/src/wifi_init.c). */
function checkDriver(held: number, copies: number, blockAck: number): void {
  if (copies < held) {
    throw wrong("CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM", copies, `less than the ${held} static buffers`, [
      `set it to ${held} or more`,
    ]);
  }
  const most = Math.min(copies, 2 * held);
  if (blockAck > most) {
    throw wrong("CONFIG_ESP_WIFI_RX_BA_WIN", blockAck, "more than the driver's buffers allow", [`set it to ${most}`]);
  }
}

function wrong(name: string, value: number | string, why: string, then: readonly string[]): Error {
  return new Error(`${name} is ${value} in the merged sdkconfig, ${why}: ${then.join(", or ")}`);
}
