/** The SDK's modules and globals as this board uses them. */
declare module "modules" {
  const Modules: import("./sdk-modules.js").LinkedModules;
  export default Modules;
}
declare module "net" {
  const Net: { get(name: "RSSI"): number | undefined };
  export default Net;
}
/** A global of the SDK's io manifest: it looks up the first address of the host. */
declare const System: { resolve: import("moddable-ota").PlatformModule["resolve"] };
/** A global of the engine: it returns a C function by its name. */
declare function native<Result>(name: string): { call(self: unknown, ...parameters: unknown[]): Result };
