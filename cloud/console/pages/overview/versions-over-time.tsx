import { useMemo } from "preact/hooks";
import type { Overview, VersionHistory } from "../../../operator/types.js";
import { fleet } from "../../api/cloud.js";
import { texts } from "../../state/language.js";
import { query, setQuery } from "../../state/router.js";
import { useResource } from "../../state/resource.js";
import { Chart, type Series } from "../../view/chart.js";
import { SelectField } from "../../view/field.js";
import { Problem } from "../../view/problem.js";
import { seriesOf } from "./series.js";

const HOUR_MS = 3_600_000;
/** Hours that the chart can show. */
const RANGES = [1, 24, 168, 720] as const;
const POINTS = 300;
const COLORS = ["--running", "--succeeded", "--attention", "--ended", "--failed", "--waiting"] as const;

/** How many devices ran which version, over time. */
export function VersionsOverTime(props: { readonly product: string; readonly overview: Overview }) {
  const { product, overview } = props;
  const { overview: words, common } = texts.value;
  const components = [...new Set(overview.versions.map((each) => each.component))];
  const component = query.value.get("component") ?? components[0] ?? "firmware";
  const hours = Number(query.value.get("hours") ?? RANGES[0]);
  const history = useResource<VersionHistory | undefined>(
    async (signal) =>
      product === ""
        ? undefined
        : fleet.versions({ product, component, from: Date.now() - hours * HOUR_MS, points: POINTS }, signal),
    [product, component, hours],
    ({ kind }) => kind === "presence" || kind === "plan",
  );
  const { value } = history;
  const chart = useMemo(() => chartOf(value, words.otherVersions, words.online), [value, words]);
  return (
    <section class="panel" aria-labelledby="versions-over-time">
      <h2 id="versions-over-time">{words.versionsOverTime}</h2>
      {product === "" ? <p class="quiet">{words.chooseProduct}</p> : null}
      {history.error === undefined ? null : <Problem error={history.error} onRetry={history.reload} />}
      {product === "" ? null : (
        <div class="filters">
          {components.length > 1 ? (
            <SelectField
              label={common.component}
              value={component}
              choices={components.map((each) => ({ value: each, label: each }))}
              onValue={(chosen) => setQuery({ component: chosen })}
            />
          ) : null}
          <SelectField
            label={words.range}
            value={String(hours)}
            choices={RANGES.map((each) => ({ value: String(each), label: words.ranges[each] }))}
            onValue={(chosen) => setQuery({ hours: chosen })}
          />
        </div>
      )}
      {chart === undefined || chart.times.length === 0 ? null : (
        <Chart label={words.versionsOverTime} times={chart.times} series={chart.series} height={220} />
      )}
    </section>
  );
}

function chartOf(value: VersionHistory | undefined, others: string, online: string) {
  if (value === undefined) return undefined;
  const { times, lines } = seriesOf(value, COLORS.length - 1);
  const series: Series[] = lines.map(({ version, values }, index) => ({
    name: version ?? others,
    color: COLORS[index] ?? "--waiting",
    values,
  }));
  return { times, series: [...series, { name: online, color: "--quiet", values: value.points.map((p) => p.online) }] };
}
