/**
 * A strict parser of the text format of Prometheus, version 0.0.4. It refuses what a scrape would refuse or
 * take for something else: samples before their type, series that come twice, buckets that do not add up.
 */

export interface Metric {
  readonly help: string;
  readonly type: string;
  /** Values by name and labels, as they are written: `name{a="b"}`. */
  readonly samples: Map<string, number>;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.+)\})? ([-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|Nan)$/i;
const SUFFIXES: Readonly<Record<string, RegExp>> = {
  counter: /^$/,
  gauge: /^$/,
  histogram: /^_(?:bucket|sum|count)$/,
  summary: /^(?:|_sum|_count)$/,
};

/** @throws Error that names the line that is not valid */
export function parsePrometheus(text: string): Map<string, Metric> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end');
  const metrics = new Map<string, Metric>();
  let open: { readonly name: string; readonly help: string } | null = null;
  let current: string | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help !== null) {
      open = { name: help[1] ?? '', help: help[2] ?? '' };
      if (metrics.has(open.name)) throw new Error(`Twice: ${line}`);
    } else if (type !== null) {
      if (open === null || open.name !== type[1]) throw new Error(`Not after its HELP: ${line}`);
      current = open.name;
      metrics.set(current, { help: open.help, type: type[2] ?? '', samples: new Map() });
      open = null;
    } else {
      if (current === null || open !== null) throw new Error(`Not after its TYPE: ${line}`);
      addSample(current, metrics.get(current), line);
    }
  }
  for (const [name, metric] of metrics) if (metric.type === 'histogram') checkHistogram(name, metric);
  return metrics;
}

/** @returns the value of a series, 0 if there is none */
export function sampleOf(
  metrics: Map<string, Metric>,
  name: string,
  labels: Record<string, string> = {},
): number {
  return metrics.get(name)?.samples.get(seriesName(name, labels)) ?? 0;
}

/** @returns the sum of all series of a metric whose name contains a text */
export function sumOf(metrics: Map<string, Metric>, name: string, part: string): number {
  let sum = 0;
  for (const [series, value] of metrics.get(name)?.samples ?? []) if (series.includes(part)) sum += value;
  return sum;
}

function seriesName(name: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`;
}

function addSample(name: string, metric: Metric | undefined, line: string): void {
  const [, sampleName = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  const suffix = sampleName.slice(name.length);
  if (metric === undefined || !sampleName.startsWith(name) || SUFFIXES[metric.type]?.test(suffix) !== true) {
    throw new Error(`No sample of ${name}: ${line}`);
  }
  const series = seriesName(sampleName, parseLabels(labels, line));
  if (metric.samples.has(series)) throw new Error(`Twice: ${line}`);
  const number = /Inf/i.test(value) ? Number.POSITIVE_INFINITY : Number(value);
  if (metric.type === 'counter' && !(number >= 0)) throw new Error(`A counter is not negative: ${line}`);
  metric.samples.set(series, number);
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ''; ) {
    const match = LABEL.exec(rest);
    const [whole = '', name = '', value = ''] = match ?? [];
    if (match === null || Object.hasOwn(labels, name)) throw new Error(`Not valid labels: ${line}`);
    labels[name] = value;
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Buckets of one series grow with their bounds, and the last holds all. */
function checkHistogram(name: string, { samples }: Metric): void {
  const buckets = Map.groupBy(
    [...samples].filter(([series]) => series.startsWith(`${name}_bucket`)),
    ([series]) => series.replace(/le="[^"]*",?/, '').replace(/,\}$/, '}'),
  );
  for (const [series, all] of buckets) {
    const bounded = all.map(([own, count]) => ({ count, bound: boundOf(own) }));
    bounded.sort((one, other) => one.bound - other.bound);
    for (const [index, { count }] of bounded.entries()) {
      if (count < (bounded[index - 1]?.count ?? 0)) throw new Error(`The buckets of ${series} shrink`);
    }
    const last = bounded.at(-1);
    const total = samples.get(series.replace('_bucket', '_count').replace(/\{\}$/, ''));
    if (last?.bound !== Number.POSITIVE_INFINITY || last.count !== total) {
      throw new Error(`The buckets of ${series} do not add up to ${total}`);
    }
  }
}

function boundOf(series: string): number {
  const bound = /le="([^"]*)"/.exec(series)?.[1] ?? '';
  return bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
}
