import { isVersion } from "../protocol/version.js";

/**
 * How a component that is no device of its own is named on the wire: by a prefix of the version, `mcu_2.1.0` for
 * version
 * 2.1.0 of `mcu`. The platform takes letters, digits, `.`, `_` and `-` in a version, 32 at most: the `@` that others
 * write is not among them.
 */
export interface ComponentVersion {
  readonly component: string;
  /** Without the prefix. */
  readonly version: string;
}

/** @param separator 1 or more of `[._-]` */
export function wireVersion({ component, version }: ComponentVersion, separator: string): string {
  return `${component}${separator}${version}`;
}

/**
 * @param components ids that are known: a version that merely looks like one with a prefix is the own firmware's
 * @returns `undefined` if the version is the own firmware's; of several that fit, the longest id
 */
export function parseWireVersion(
  version: string,
  components: readonly string[],
  separator: string,
): ComponentVersion | undefined {
  let found: ComponentVersion | undefined;
  for (const component of components) {
    const prefix = component + separator;
    if (!version.startsWith(prefix) || version.length === prefix.length) continue;
    if (found === undefined || component.length > found.component.length) {
      found = { component, version: version.slice(prefix.length) };
    }
  }
  return found;
}

/** Whether every version of the component up to this length can be said on the wire. */
export function isComponentId(id: string, separator: string): boolean {
  return isVersion(id) && /^[._-]+$/.test(separator) && id.length + separator.length < 32;
}
