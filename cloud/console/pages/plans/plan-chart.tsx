import { useMemo } from "preact/hooks";
import type { PlanView } from "../../../operator/types.js";
import { plans } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { useResource } from "../../state/resource.js";
import { wordOf } from "../../text/words.js";
import { Chart } from "../../view/chart.js";
import { concernsPlan } from "./concerns.js";
import { type LineName, timelineOf } from "./timeline.js";

/** Most points of the chart: more than its pixels would show nothing. */
const POINTS = 400;

/** How the states of all devices changed over time. */
export function PlanChart({ plan }: { readonly plan: PlanView }) {
  const { id, counts, endedAt } = plan;
  const { plans: words, codes } = texts.value;
  const { value } = useResource((signal) => plans.timeline(id, POINTS, signal), [id], concernsPlan(id));
  const nameOf = (line: LineName): string =>
    line === "running" || line === "otherEnds" ? words[line] : wordOf(codes.taskState, line);
  const { times, series } = useMemo(() => {
    const now = endedAt === undefined ? { at: Date.now(), counts } : undefined;
    const timeline = timelineOf(value?.points ?? [], now);
    return {
      times: timeline.times,
      series: timeline.lines.map(({ name, ...line }) => ({ ...line, name: nameOf(name) })),
    };
  }, [value, counts, endedAt, words]);
  if (value === undefined) return null;
  if (times.length < 2) return <p class="quiet">{words.chartEmpty}</p>;
  return <Chart label={words.overTime} times={times} series={series} height={160} />;
}
