/** The SDK's modules as this board uses them. */
declare module "crypt" {
  export const Digest: import("moddable-ota").BoardModules["Digest"] & {};
}
declare module "embedded:io/socket/tcp" {
  const TCP: import("moddable-ota").BoardModules["TCP"];
  export default TCP;
}
declare module "embedded:io/socket/tcp/tls" {
  const TLS: import("moddable-ota").BoardModules["TLS"];
  export default TLS;
}
declare module "embedded:storage/files" {
  const files: import("./files.js").Directory;
  export default files;
}
declare module "mc/ffi" {
  /** The functions of process.c. */
  export default class FFI {
    ota_restart(): void;
    ota_random(into: ArrayBuffer, byteLength: number): number;
  }
}
declare module "modules" {
  /** @returns the default export */
  const Modules: { importNow(name: string): unknown };
  export default Modules;
}
declare module "net" {
  const Net: Pick<import("moddable-ota").PlatformModule, "resolve">;
  export default Net;
}
declare module "time" {
  const Time: import("moddable-ota").BoardModules["Time"];
  export default Time;
}
declare module "timer" {
  const Timer: import("moddable-ota").BoardModules["Timer"];
  export default Timer;
}
/** A global of the engine: it writes to the console. */
declare function trace(text: string): void;
