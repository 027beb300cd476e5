/** How a chart is drawn beyond its kind: what the options of a view ask for. Everything may be left out. */

import { scaleLinear, scaleSymlog } from "d3-scale";

import type { Series } from "./data";

export interface Style {
  stack?: "stacked" | "stacked100";
  overlay?: readonly string[]; // series drawn as lines over columns or areas
  second?: readonly string[]; // series of the axis at the right
  log?: boolean;
  low?: number; // ends of the axis of values
  high?: number;
  nulls?: "gaps" | "zero" | "connect"; // of lines and areas
  legend?: boolean;
  titleX?: string; // "" for none
  titleY?: string;
  colours?: readonly string[]; // of the series in their order
  fields?: Readonly<Record<string, string>>; // of a series, or a slice, by its name
  numbers?: boolean; // beside each point
}

/** Where values lie, and which of them are named. */
export interface Axis {
  at: (value: number) => number;
  ticks: readonly number[];
}

/** An axis of values over a span of pixels. A logarithmic one is even around 0, so that nothing falls out of it. */
export function axis([low, high]: readonly [number, number], [from, to]: readonly [number, number], { log, low: least, high: most }: Style, wanted = 5): Axis {
  const ends: [number, number] = [least ?? low, most ?? high];
  if (log) {
    const scale = scaleSymlog(ends, [from, to]).constant(0.5).clamp(true);
    const tens = (end: number): number[] => Array.from({ length: Math.max(0, Math.floor(Math.log10(Math.max(Math.abs(end), 1))) + 1) }, (_, n) => 10 ** n);
    return { at: (value) => scale(value), ticks: [...(ends[0] < 0 ? tens(ends[0]).map((n) => -n).reverse() : []), 0, ...tens(ends[1])].filter((n) => n >= ends[0] && n <= ends[1]) };
  }
  const scale = scaleLinear(ends, [from, to]).clamp(least !== undefined || most !== undefined);
  if (least === undefined && most === undefined) scale.nice(wanted);
  return { at: (value) => scale(value), ticks: scale.ticks(wanted) };
}

/** Each value as its share of what the series have together there, in percent. */
export function shares(series: readonly Series[]): Series[] {
  const sums = (series[0]?.values ?? []).map((_, n) => series.reduce((sum, { values }) => sum + Math.max(values[n] ?? 0, 0), 0));
  return series.map(({ name, values }) => ({ name, values: values.map((value, n) => (value === null || !sums[n] ? value && 0 : (100 * Math.max(value, 0)) / sums[n])) }));
}

/** The colour that a view gives a series; undefined for the style sheet's. */
export function tinted({ colours, fields }: Style, name: string, n: number): string | undefined {
  return fields?.[name] ?? (colours?.length ? colours[n % colours.length] : undefined);
}

/** Colours an element whose parts are drawn in `currentColor`. */
export function paint(colour: string | undefined): (el: HTMLElement | SVGElement | null) => void {
  return (el) => {
    if (el) el.style.color = colour ?? "";
  };
}
