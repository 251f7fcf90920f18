import type { Fields, SettingsReader } from "./settings-reader.js";
import type { PlanSelection } from "./types.js";

const VERSION = /^[A-Za-z0-9._-]{1,32}$/;
const DEVICE = /^[A-Za-z0-9:_-]{1,48}$/;

/**
 * Which devices a plan is for: `from`, `devices` and `allow` each narrow it down, `deny` takes out, and only `all`, or
 * a deny list alone, means every device. An empty list that would narrow is refused: it looks like nobody, and a tool
 * that wrote it may have meant anything.
 */
export function selectionOf(reader: SettingsReader, fields: Fields): PlanSelection {
  const { all } = fields;
  const names = (key: string, pattern: RegExp, is: string): readonly string[] | undefined => {
    const value = fields[key];
    if (value === undefined) return undefined;
    const found = reader.list(key, value, (field, entry) => reader.name(field, entry, pattern, is));
    if (Array.isArray(value) && value.length === 0 && key !== "deny") {
      reader.fault(key, "empty", "the list is empty: leave it out, or name at least one");
    }
    return found === undefined ? undefined : [...new Set(found)];
  };
  const device = "the name of a device: 1 to 48 of letters, digits, colon, dash and underscore";
  const fromVersions = names("from", VERSION, "a version: 1 to 32 of letters, digits, dot, dash and underscore");
  const deviceNames = names("devices", DEVICE, device);
  const allow = names("allow", DEVICE, device);
  const deny = names("deny", DEVICE, device) ?? [];
  const isAll = all === undefined ? false : (reader.flag("all", all) ?? true);
  const narrows = fromVersions !== undefined || deviceNames !== undefined || allow !== undefined;
  if (isAll && (fromVersions !== undefined || deviceNames !== undefined)) {
    reader.fault("all", "contradiction", "a plan for all devices names neither versions nor devices");
  }
  if (!isAll && !narrows && deny.length === 0) {
    reader.fault("", "missing", "the plan is for nobody: name from, devices, allow or deny, or set all to true");
  }
  return {
    ...(fromVersions === undefined ? {} : { fromVersions }),
    ...(deviceNames === undefined ? {} : { deviceNames }),
    ...(allow === undefined ? {} : { allow }),
    deny,
  };
}
