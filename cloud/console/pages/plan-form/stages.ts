/** @returns how many of so many the plan has begun with when a stage is at its end, as the cloud counts it */
export function stageSize(total: number, percent: number): number {
  return Math.ceil((total * percent) / 100);
}

/**
 * @param wanted how many devices the first stage is to have
 * @returns the whole percent whose stage is the largest that is not larger, and at least 1 % of them all
 */
export function canaryPercent(total: number, wanted: number): number {
  if (total <= 0) return 1;
  return Math.min(100, Math.max(1, Math.floor((wanted * 100) / total)));
}

/** @returns the stages with a first one of so many devices; those that are not larger give way to it */
export function withCanary(stages: readonly string[], total: number, wanted: number): readonly string[] {
  const percent = canaryPercent(total, wanted);
  const rest = stages.filter((stage) => Number(stage) > percent);
  return [String(percent), ...(percent === 100 || rest.includes("100") ? rest : [...rest, "100"])];
}

/** @returns how many of the first `atLeast` results that are bad halt the plan */
export function haltingCount(percent: number, atLeast: number): number {
  return Math.ceil((percent * atLeast) / 100);
}

/** @returns the stages with a further one before the last, between its neighbours */
export function withStage(stages: readonly string[]): readonly string[] {
  const last = Number(stages.at(-1) ?? 100);
  const before = Number(stages.at(-2) ?? 0);
  const middle = Math.max(1, Math.floor((before + last) / 2));
  return [...stages.slice(0, -1), String(middle), stages.at(-1) ?? "100"];
}
