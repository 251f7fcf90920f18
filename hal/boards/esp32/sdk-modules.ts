import type { BoardModules } from "moddable-ota";
import type { KeyValueStringsModule } from "../../ecma419/modules.js";

/** The SDK's modules by specifier, as their default exports. */
export interface SdkModules {
  "embedded:storage/flash": BoardModules["flash"];
  "embedded:storage/key-value": BoardModules["keyValue"] & KeyValueStringsModule;
  "embedded:io/socket/tcp": BoardModules["TCP"];
  "embedded:io/socket/tcp/tls": BoardModules["TLS"];
  timer: BoardModules["Timer"];
  time: BoardModules["Time"];
  crypt: Pick<BoardModules, "Digest">;
}

/** The SDK's `modules`: what the build has linked. */
export interface LinkedModules {
  has(specifier: string): boolean;
  importNow(specifier: string): unknown;
}

/** The manifest of the SDK that contains each module. */
export const SDK_MANIFESTS: { readonly [Specifier in keyof SdkModules]: string } = {
  "embedded:storage/flash": "modules/io/flash/manifest.json",
  "embedded:storage/key-value": "modules/io/storage/manifest.json",
  "embedded:io/socket/tcp": "modules/io/manifest.json",
  "embedded:io/socket/tcp/tls": "examples/io/tcp/tlssocket/manifest.json",
  timer: "examples/manifest_base.json",
  time: "examples/manifest_base.json",
  crypt: "modules/crypt/digest/manifest.json",
};

/**
 * Looks a module up at run time. An import by name would end the engine with no other message than the module's name.
 *
 * @throws Error that names the manifest to include, if the build lacks the module
 */
export function sdkModule<Specifier extends keyof SdkModules>(
  linked: LinkedModules,
  specifier: Specifier,
): SdkModules[Specifier] {
  if (!linked.has(specifier)) {
    throw new Error(
      `${specifier} is not in this build: include $(MODDABLE)/${SDK_MANIFESTS[specifier]} in the manifest`,
    );
  }
  return linked.importNow(specifier) as SdkModules[Specifier];
}
