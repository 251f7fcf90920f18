interface Editable {
  readonly note: string;
  readonly timeZone?: string;
  readonly language?: string;
}

/**
 * @returns what is to be changed; a time zone or a language that was emptied is taken away by an empty one
 */
export function changeOf(device: Editable, typed: Required<Editable>): Partial<Editable> {
  const timeZone = typed.timeZone.trim();
  const language = typed.language.trim();
  const note = typed.note.trim();
  return {
    ...(note === device.note ? {} : { note }),
    ...(timeZone === (device.timeZone ?? "") ? {} : { timeZone }),
    ...(language === (device.language ?? "") ? {} : { language }),
  };
}

/** @returns what is typed and is neither empty nor right. A time zone is one if this browser knows it. */
export function faultsOfChange({ timeZone, language }: Required<Editable>): readonly ("timeZone" | "language")[] {
  return [
    ...(timeZone.trim() === "" || isTimeZone(timeZone.trim()) ? [] : (["timeZone"] as const)),
    ...(language.trim() === "" || LANGUAGE.test(language.trim()) ? [] : (["language"] as const)),
  ];
}

/** A tag of BCP 47, as the cloud takes it. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
