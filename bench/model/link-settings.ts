/** What of a board's sdkconfig decides how fast bytes arrive, as lwIP and the Wi-Fi driver read it. */
export interface LinkSettings {
  readonly name: string;
  /** Bytes of payload in a full segment (CONFIG_LWIP_TCP_MSS). */
  readonly mss: number;
  /** Bytes of the receive window (CONFIG_LWIP_TCP_WND_DEFAULT). */
  readonly windowBytes: number;
  /** Whether the board acknowledges selectively (CONFIG_LWIP_TCP_SACK_OUT). */
  readonly sack: boolean;
  /** Most segments kept that came out of order (CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS, at most 12). */
  readonly outOfOrderPbufs: number;
  /** Frames that the driver holds while nothing takes them (CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM). */
  readonly staticBuffers: number;
}

/** What the package's sdkconfig sets. */
export const SHIPPED: LinkSettings = {
  name: "as shipped",
  mss: 1436,
  windowBytes: 17_232,
  sack: true,
  outOfOrderPbufs: 12,
  staticBuffers: 12,
};

/** What the Moddable SDK sets on ESP32-S2, S3, C3 and C6. */
export const SDK_C3: LinkSettings = {
  name: "SDK, ESP32-C3",
  mss: 1436,
  windowBytes: 5744,
  sack: false,
  outOfOrderPbufs: 4,
  staticBuffers: 5,
};

/** What the Moddable SDK sets on the original ESP32. */
export const SDK_ESP32: LinkSettings = { ...SDK_C3, name: "SDK, ESP32", windowBytes: 8192, staticBuffers: 6 };

/** What docs/board.md has for a board with memory to spare. */
export const ROOMY: LinkSettings = {
  name: "roomy",
  mss: 1436,
  windowBytes: 22_976,
  sack: true,
  outOfOrderPbufs: 12,
  staticBuffers: 16,
};
