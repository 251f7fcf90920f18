/** The options of a run that decide what it finds. */
export interface Run {
  readonly seed: number;
  readonly inputs: number;
  readonly workers: number;
  readonly target?: string | undefined;
}

/** Memory that is held at the end of a run is not the fault of a single input. */
export const MEMORY = "memory";

export function isOfWholeRun(id: string): boolean {
  return id.startsWith(`${MEMORY}:`);
}

/** @returns the command that repeats a violation */
export function repeatCommand(id: string, { seed, inputs, workers, target }: Run): string {
  const command = "npm run test:fuzz --";
  if (!isOfWholeRun(id)) return `${command} --replay ${id}`;
  return `${command} --seed ${seed} --inputs ${inputs} --workers ${workers}${target === undefined ? "" : ` --target ${target}`}`;
}
