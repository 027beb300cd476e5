/** Rows as a chart takes them: one axis, and series of numbers beside it. */

import { text, type Cell, type Table } from "../jobs";

export interface Series {
  name: string;
  values: (number | null)[];
}

export interface ChartData {
  axis: string; // the field along the x axis
  time: boolean;
  labels: string[]; // of the points, as they are shown
  x: number[]; // epoch milliseconds where `time`, else the number of the value where all are numbers, else 0, 1, 2…
  numbers: boolean; // the axis' values are numbers
  series: Series[];
  left: number; // points that were left out
}

export const MOST_POINTS = 5_000;

function number(cell: Cell | undefined): number | null {
  const plain = text(cell).trim();
  if (!plain) return null;
  const n = Number(plain);
  return Number.isFinite(n) ? n : null;
}

/** The first column is the axis; columns with a number in them are series. Internal fields (`_span`) are no series. */
export function chartData(table: Table, most = MOST_POINTS): ChartData {
  const rows = table.rows.slice(0, most);
  const axisAt = Math.max(table.fields.indexOf("_time"), 0);
  const axis = table.fields[axisAt] ?? "";
  const time = axis === "_time";
  const labels = rows.map((row) => text(row[axisAt]));
  const read = labels.map((label) => (time ? Date.parse(label) : Number(label || NaN)));
  const numbers = !time && read.length > 0 && read.every(Number.isFinite);
  const series: Series[] = [];
  table.fields.forEach((name, n) => {
    if (n === axisAt || name.startsWith("_")) return;
    const values = rows.map((row) => number(row[n]));
    if (values.some((v) => v !== null)) series.push({ name, values });
  });
  return { axis, time, labels, x: time || numbers ? read : labels.map((_, n) => n), numbers, series, left: table.rows.length - rows.length };
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const full = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

export function short(n: number): string {
  return Math.abs(n) >= 10_000 ? compact.format(n) : full.format(n);
}

export function long(n: number | null): string {
  return n === null ? "none" : full.format(n);
}
