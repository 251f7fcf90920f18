import type { Metric } from "../operator/types.js";

const PREFIX = "ota_";

/** Media type of the text format of Prometheus. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** @returns the metrics in the text format of Prometheus */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, type, values }) => [
      `# HELP ${PREFIX}${name} ${help.replace(/[\\\n]/g, escaped)}`,
      `# TYPE ${PREFIX}${name} ${type}`,
      ...values.map(({ labels, value }) => `${PREFIX}${name}${labelsText(labels)} ${value}`),
    ])
    .map((row) => `${row}\n`)
    .join("");
}

/** @returns gauges and counters of this process, under the names that every client of Prometheus gives them */
export function processText(): string {
  const { user, system } = process.cpuUsage();
  const rows: readonly (readonly [name: string, type: string, value: number])[] = [
    ["process_cpu_seconds_total", "counter", (user + system) / 1e6],
    ["process_resident_memory_bytes", "gauge", process.memoryUsage.rss()],
    ["process_start_time_seconds", "gauge", Math.round(performance.timeOrigin / 1000)],
  ];
  return rows.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join("");
}

function labelsText(labels: { readonly [label: string]: string }): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value.replace(/[\\\n"]/g, escaped)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}
