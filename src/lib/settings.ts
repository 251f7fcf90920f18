/** Every setting of an object of settings. */
export type Known<Settings> = { readonly [Name in keyof Required<Settings>]: 1 };

/** The settings that there are, by the setting that holds them; those of the whole are under "". */
export interface SettingNames {
  readonly [section: string]: { readonly [name: string]: 1 };
}

/**
 * Looks at the shape of an object of settings, and not at the values in it.
 *
 * @param section the setting that holds them, as in `names`
 * @returns what is wrong, in one line that holds no value; `undefined` if nothing is
 */
export function faultOfSettings(value: unknown, section: string, names: SettingNames): string | undefined {
  const known = Object.keys(names[section] ?? {});
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const fault = value === undefined ? "is missing" : "is not an object";
    return `${section || "config"} ${fault}: { ${known.join(", ")} }`;
  }
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  return `${pathOf(section, unknown)} is no setting: did you mean ${nearest(section, unknown, names)}?`;
}

/** A setting of the same name is the nearest, whichever section holds it. */
function nearest(section: string, name: string, names: SettingNames): string {
  let found = "";
  let least = Infinity;
  for (const [holder, known] of Object.entries(names)) {
    for (const each of Object.keys(known)) {
      // The section decides only between names that are equally near.
      const distance = distanceOf(name.toLowerCase(), each.toLowerCase()) + (holder === section ? 0 : 0.5);
      if (distance >= least) continue;
      least = distance;
      found = pathOf(holder, each);
    }
  }
  return found;
}

function pathOf(section: string, name: string): string {
  return section === "" ? name : `${section}.${name}`;
}

/** Levenshtein's: how many characters must be inserted, removed or replaced. */
function distanceOf(one: string, other: string): number {
  const row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    let diagonal = at - 1;
    row[0] = at;
    for (let to = 1; to <= other.length; to++) {
      const replaced = diagonal + (one[at - 1] === other[to - 1] ? 0 : 1);
      diagonal = row[to] as number;
      row[to] = Math.min(replaced, diagonal + 1, (row[to - 1] as number) + 1);
    }
  }
  return row[other.length] as number;
}
