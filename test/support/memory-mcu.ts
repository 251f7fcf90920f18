import type { AttachedComponent } from "../../hal/boards/sim/main.js";

export interface MemoryMcuOptions {
  readonly id?: string;
  readonly version?: string;
  readonly dependsOn?: readonly string[];
  readonly minBatteryPercent?: number;
  /** How an installation ends. */
  readonly install?: "ok" | "fail" | "hang" | "other-version";
}

/** An MCU behind the board, whose memory the test controls. */
export class MemoryMcu implements AttachedComponent {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly minBatteryPercent: number | undefined;
  install: NonNullable<MemoryMcuOptions["install"]>;
  running: string;
  /** Whether it reports its version. */
  answers = true;
  /** Offset of each piece that came. */
  readonly offsets: number[] = [];
  received = new Uint8Array(0);
  onWrite: (byteOffset: number) => void = () => {};

  constructor(options: MemoryMcuOptions = {}) {
    this.id = options.id ?? "mcu";
    this.running = options.version ?? "1.0.0";
    this.dependsOn = options.dependsOn ?? [];
    this.minBatteryPercent = options.minBatteryPercent;
    this.install = options.install ?? "ok";
  }

  version(): string | undefined {
    return this.answers ? this.running : undefined;
  }

  write(_md5: string, byteOffset: number, bytes: Uint8Array): boolean {
    if (this.install === "hang" && byteOffset > 0) return false;
    this.offsets.push(byteOffset);
    const whole = new Uint8Array(Math.max(this.received.byteLength, byteOffset + bytes.byteLength));
    whole.set(this.received);
    whole.set(bytes, byteOffset);
    this.received = whole;
    this.onWrite(byteOffset);
    return true;
  }

  finish({ version }: { readonly version: string }): string | undefined {
    if (this.install === "fail") return "no such chip";
    if (this.install === "ok") this.running = version;
    return undefined;
  }
}
