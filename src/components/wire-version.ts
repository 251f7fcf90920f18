import { isVersion } from "../protocol/version.js";

/**
 * A component is no device of its own on the wire. Its id is a prefix of the version: `mcu_2.1.0` is version 2.1.0 of
 * `mcu`. The platform takes at most 32 letters, digits, `.`, `_` and `-` in a version, and so no `@` as a separator.
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
 * @param components ids that are known: a version with another prefix is the own firmware's
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

/** Whether the id can be a prefix of a version on the wire, with room for at least one character behind it. */
export function isComponentId(id: string, separator: string): boolean {
  return isVersion(id) && /^[._-]+$/.test(separator) && id.length + separator.length < 32;
}
