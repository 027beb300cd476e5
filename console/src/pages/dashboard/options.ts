/** What the options of a view's visualizations ask of a chart, a single value and a trellis. */

import type { SingleStyle } from "../../charts/single";
import type { Style } from "../../charts/style";
import { colour } from "./colours";

export type Options = Readonly<Record<string, string>>;

export const on = (written: string | undefined): boolean => /^(?:1|true|t|yes|enabled)$/i.test(written?.trim() ?? "");

/** `a,b` or `["a","b"]` as its parts. */
export const parts = (written: string | undefined): string[] =>
  (written ?? "").trim().replace(/^\[|\]$/g, "").split(",").map((one) => one.trim().replace(/^["']|["']$/g, "")).filter(Boolean);

const number = (written: string | undefined): number | undefined => (written?.trim() && Number.isFinite(Number(written)) ? Number(written) : undefined);

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, mon: 2_629_800, y: 31_557_600 };

/** A span as `-24h` in seconds. */
function seconds(written: string | undefined): number | undefined {
  const found = /^-?(\d+)(s|mon|m|h|d|w|y)[a-z]*$/.exec(written?.trim() ?? "");
  return found ? Number(found[1]) * (SECONDS[found[2] ?? "s"] ?? 1) : undefined;
}

/** `{"name": 0xAABBCC, …}`: no JSON, since its colours are numbers in base 16. */
function fieldColours(written: string | undefined): Record<string, string> {
  const pairs = [...(written ?? "").matchAll(/"?([^",{}:]+)"?\s*:\s*"?(0x[0-9a-f]+|#[0-9a-f]+)"?/gi)];
  return Object.fromEntries(pairs.flatMap(([, name, value]) => (colour(value) ? [[(name ?? "").trim(), colour(value) ?? ""]] : [])));
}

function given<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export function styleOf(options: Options): Style {
  const chart = (name: string): string | undefined => options[`charting.${name}`];
  const title = (end: "X" | "Y"): string | undefined => (chart(`axisTitle${end}.visibility`) === "collapsed" ? "" : chart(`axisTitle${end}.text`));
  const stack = chart("chart.stackMode");
  const nulls = chart("chart.nullValueMode");
  const overlay = parts(chart("chart.overlayFields"));
  const colours = parts(chart("seriesColors")).flatMap((one) => colour(one) ?? []);
  return given<Style>({
    stack: stack === "stacked" || stack === "stacked100" ? stack : undefined,
    overlay: overlay.length ? overlay : undefined,
    second: on(chart("axisY2.enabled")) && overlay.length ? overlay : undefined,
    log: chart("axisY.scale") === "log" || undefined,
    low: number(chart("axisY.minimumNumber")),
    high: number(chart("axisY.maximumNumber")),
    nulls: nulls === "zero" || nulls === "connect" ? nulls : undefined,
    legend: chart("legend.placement") === "none" ? false : undefined,
    titleX: title("X"),
    titleY: title("Y"),
    colours: colours.length ? colours : undefined,
    fields: chart("fieldColors") ? fieldColours(chart("fieldColors")) : undefined,
    numbers: chart("chart.showDataValues") === "all" || undefined,
  });
}

export function singleOf(options: Options): SingleStyle {
  const precision = options.numberPrecision;
  const trend = options.trendDisplayMode;
  return given<SingleStyle>({
    unit: options.unit && (options.unitPosition === "before" ? options.unit : ` ${options.unit}`),
    unitBefore: options.unitPosition === "before" || undefined,
    before: options.beforeLabel,
    after: options.afterLabel,
    under: options.underLabel,
    digits: precision === undefined ? undefined : (precision.split(".")[1] ?? "").length,
    grouped: options.useThousandSeparators === undefined ? undefined : on(options.useThousandSeparators),
    sparkline: options.showSparkline === undefined ? undefined : on(options.showSparkline),
    trend: options.showTrendIndicator !== undefined && !on(options.showTrendIndicator) ? "none" : trend === "percent" ? "percent" : undefined,
    interval: seconds(options.trendInterval),
  });
}
