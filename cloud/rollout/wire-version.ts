import { OWN_FIRMWARE } from "../fleet/types.js";

/*
 * On the wire a device has one version at a time. That of a component other than the own firmware is spelled with the
 * component before it: version 2.1.0 of `mcu` is `mcu_2.1.0`.
 */

export interface ComponentVersion {
  readonly component: string;
  readonly version: string;
}

/** @returns a component's version as it stands on the wire */
export function wireVersion(component: string, version: string): string {
  return component === OWN_FIRMWARE || version.startsWith(`${component}_`) ? version : `${component}_${version}`;
}

/**
 * @param components those that the product has packages for
 * @returns the component that a version on the wire belongs to, and its version
 */
export function readWireVersion(text: string, components: readonly string[]): ComponentVersion {
  // If one component's name begins another's, the longer one is meant.
  const [component] = components
    .filter((known) => known !== OWN_FIRMWARE && text.startsWith(`${known}_`))
    .sort((one, other) => other.length - one.length);
  if (component === undefined) return { component: OWN_FIRMWARE, version: text };
  return { component, version: text.slice(component.length + 1) };
}
