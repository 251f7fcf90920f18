import assert from "node:assert/strict";
import { test } from "node:test";
import { checkReceivePath } from "../../../../cli/esp32/receive-path.js";

const OURS = {
  CONFIG_LWIP_TCP_MSS: "1436",
  CONFIG_LWIP_TCP_WND_DEFAULT: "17232",
  CONFIG_LWIP_TCP_SACK_OUT: "y",
  CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: "12",
  CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM: "12",
  CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: "20",
};

/** Our settings, with some of them changed or, if `undefined`, left out. */
function check(changes: { readonly [name: string]: string | undefined } = {}): string {
  const settings: { readonly [name: string]: string | undefined } = { ...OURS, ...changes };
  return checkReceivePath((name) => settings[name]);
}

/** The settings by their last words, as the SDK's sdkconfigs for chips have them. */
function sdk(window: string, held: string, copies: string): { readonly [name: string]: string | undefined } {
  return {
    CONFIG_LWIP_TCP_WND_DEFAULT: window,
    CONFIG_LWIP_TCP_SACK_OUT: undefined,
    CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: undefined,
    CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM: held,
    CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: copies,
  };
}

test("ours fit together, and so do those for more room, and the SDK's own for most chips", () => {
  assert.equal(check(), "window of 12 segments, 12 static buffers");
  const roomy = {
    CONFIG_LWIP_TCP_WND_DEFAULT: "22976",
    CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM: "16",
    CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: "24",
  };
  assert.equal(check(roomy), "window of 16 segments, 16 static buffers");
  assert.equal(check(sdk("5744", "5", "6")), "window of 4 segments, 5 static buffers");
});

for (const [what, changes, message] of [
  [
    "a window that is no multiple of a segment, such as the SDK's for the ESP32",
    sdk("8192", "6", "12"),
    "CONFIG_LWIP_TCP_WND_DEFAULT is 8192 in the merged sdkconfig, no multiple of a segment of 1436 bytes: set it to 7180 or 8616",
  ],
  [
    "a window that the static buffers cannot hold",
    { CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM: "5" },
    "CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM is 5 in the merged sdkconfig, less than the 12 segments of the window: " +
      "set it to 12, or set CONFIG_LWIP_TCP_WND_DEFAULT to 7180",
  ],
  [
    "a larger window without selective acknowledgements",
    { CONFIG_LWIP_TCP_SACK_OUT: undefined },
    "CONFIG_LWIP_TCP_SACK_OUT is not set in the merged sdkconfig, needed for a window of more than 5744 bytes: set it to y",
  ],
  [
    "no queue for what comes out of order",
    { CONFIG_LWIP_TCP_QUEUE_OOSEQ: "n" },
    "CONFIG_LWIP_TCP_QUEUE_OOSEQ is n in the merged sdkconfig, and nothing is kept that comes out of order: leave it out",
  ],
  [
    "fewer segments kept out of order than the window has",
    { CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: "4" },
    "CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS is 4 in the merged sdkconfig, less than the window's segments: set it to 12",
  ],
  [
    "more segments out of order than ESP-IDF's range has",
    { CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: "16" },
    "CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS is 16 in the merged sdkconfig, and ESP-IDF takes its default in place of that: set it to 12",
  ],
  [
    "fewer dynamic buffers than static ones",
    { CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM: "6" },
    "CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM is 6 in the merged sdkconfig, less than the 12 static buffers: set it to 12 or more",
  ],
  [
    "a window of block acknowledgements at which ESP-IDF's build stops",
    { CONFIG_ESP_WIFI_RX_BA_WIN: "32" },
    "CONFIG_ESP_WIFI_RX_BA_WIN is 32 in the merged sdkconfig, more than the driver's buffers allow: set it to 20",
  ],
] as const) {
  test(`${what}: refused, with what to do`, () => {
    assert.throws(() => check(changes), { message });
  });
}

test("no limit of what is kept out of order is a limit of none", () => {
  assert.doesNotThrow(() => check({ CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS: "0" }));
});
