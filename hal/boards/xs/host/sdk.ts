import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { MissingPrerequisite } from "./missing-prerequisite.js";

/** Name of the TLS in the SDK's manifests. The modules that it imports follow with theirs. */
const SDK_TLS = "embedded:io/socket/tcp/tls";

const CRYPT = join("modules", "crypt");
const NAMED: { readonly [specifier: string]: string } = {
  [SDK_TLS]: join("examples", "io", "tcp", "tlssocket", "tlssocket.js"),
  "ssl/session": join(CRYPT, "ssl", "session_419.js"),
  bin: join(CRYPT, "bin", "bin.js"),
  crypt: join(CRYPT, "digest", "crypt.js"),
};
/** Folders whose every module has its file's name. */
const FOLDERS = [join(CRYPT, "arith"), join(CRYPT, "etc")];
const SSL = join(CRYPT, "ssl");
/** No module above imports this one. */
const LEFT_OUT = ["transform.js"];
/** Folders with the C functions of these modules. */
const NATIVE_FOLDERS = ["arith", "bin", "digest", join("digest", "kcl"), "etc"].map((name) => join(CRYPT, name));

/** File with the hashes of the keys that the SDK knows. The TLS searches it for the key that has signed. */
const AUTHORITIES = join(CRYPT, "data", "ca.ski");

/** On a board the timer is in C. Here the firmware supplies it by `use` once it runs. */
const TIMER = "let timer; export function use(board) { timer = board; } export { timer as default };";
/** Makes the TLS a global, because the engine loads the firmware apart from the SDK's modules. */
const MAIN = `import TLS from "${SDK_TLS}"; import { use } from "timer"; globalThis.sdk = { TLS, use }; globalThis.trace = () => {};`;
/** `config` of the SDK's manifest tls_common.json. */
const CONFIG = 'export default { tls: { "DHE_RSA": true, "ECDHE_RSA": true } };';

/** A Moddable SDK that supplies the engine and its TLS. */
export class XsSdk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws MissingPrerequisite if `MODDABLE` is not set, or is no SDK of version 8 or later */
  static find(env: NodeJS.ProcessEnv): XsSdk {
    const folder = env["MODDABLE"] ?? "";
    if (folder === "")
      throw new MissingPrerequisite("MODDABLE is not set: it must be the folder of a Moddable SDK 8 or later");
    const needed = [...Object.values(NAMED), AUTHORITIES, join("xs", "sources", "xsAll.h")];
    const lacking = needed.find((path) => !existsSync(join(folder, path)));
    if (lacking !== undefined)
      throw new MissingPrerequisite(`MODDABLE is no folder of a Moddable SDK 8 or later: it lacks ${lacking}`);
    return new XsSdk(folder);
  }

  /** Folder of XS itself. */
  get xs(): string {
    return join(this.#folder, "xs");
  }

  /** C sources of the functions that the modules below have in C, and the folders of their headers. */
  get natives(): { readonly sources: readonly string[]; readonly includes: readonly string[] } {
    const includes = NATIVE_FOLDERS.map((folder) => join(this.#folder, folder));
    return { includes, sources: includes.flatMap((folder) => filesIn(folder, ".c")) };
  }

  /** Source texts of the modules of the TLS, by specifier; `main` makes the TLS a global of the engine. */
  modules(): { readonly [specifier: string]: string } {
    const paths = Object.entries(NAMED).map(([specifier, path]) => [specifier, join(this.#folder, path)] as const);
    const plain = FOLDERS.flatMap((folder) =>
      filesIn(join(this.#folder, folder), ".js").map((path) => [basename(path, ".js"), path] as const),
    );
    const ssl = filesIn(join(this.#folder, SSL), ".js")
      .filter((path) => basename(path).startsWith("ssl_"))
      .map((path) => [`ssl/${basename(path, ".js").slice("ssl_".length)}`, path] as const);
    const texts = [...paths, ...plain, ...ssl].map(
      ([specifier, path]) => [specifier, readFileSync(path, "utf8")] as const,
    );
    return { ...Object.fromEntries(texts), main: MAIN, "mc/config": CONFIG, timer: TIMER, Resource: this.#resource() };
  }

  /** Replaces the SDK's class that reads a file in flash. */
  #resource(): string {
    const bytes = readFileSync(join(this.#folder, AUTHORITIES));
    return `const bytes = new Uint8Array([${bytes.join()}]).buffer; export default class { constructor() { return bytes; } }`;
  }
}

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension) && !LEFT_OUT.includes(name))
    .map((name) => join(folder, name));
}
