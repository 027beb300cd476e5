import type { JSX } from "preact";

import { text, type Table } from "../jobs";
import { chartData, long, type ChartData } from "./data";
import { Sparkline } from "./sparkline";

export interface SingleStyle {
  unit?: string;
  unitBefore?: boolean;
  before?: string;
  after?: string;
  under?: string;
  digits?: number; // after the point; as many as there are where it is left out
  grouped?: boolean;
  sparkline?: boolean;
  trend?: "absolute" | "percent" | "none";
  interval?: number; // seconds that the trend looks back; to the value before where it is left out
}

interface Props extends SingleStyle {
  table: Table;
  label: string;
  height?: number;
  onValue?: (value: string, row: number) => void;
}

/** What a table says as one value: the first there is, or over time the last; by how much it changed in that time. */
export function read(table: Table, interval?: number): { value: string; number: number | undefined; row: number; before: number | undefined; data: ChartData } {
  const data = chartData(table);
  const series = data.time ? data.series[0] : undefined;
  if (!series) {
    const value = text(table.rows[0]?.[0]);
    return { value, number: value !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined, row: 0, before: undefined, data };
  }
  const known = series.values.flatMap((value, n) => (value === null ? [] : [{ value, n }]));
  const last = known.at(-1);
  const wanted = last && interval !== undefined ? (data.x[last.n] ?? 0) - interval * 1000 : undefined;
  const earlier = wanted === undefined ? known.at(-2) : known.filter(({ n }) => (data.x[n] ?? 0) <= wanted).at(-1);
  return { value: last === undefined ? "" : String(last.value), number: last?.value, row: last?.n ?? 0, before: earlier?.value, data };
}

export function Single({ table, label, unit = "", unitBefore, before, after, under, digits, grouped = true, sparkline = true, trend = "absolute", interval, height = 160, onValue }: Props): JSX.Element {
  const found = read(table, interval);
  const written = (n: number): string =>
    digits === undefined ? (grouped ? long(n) : String(n)) : n.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouped });
  const plain = found.number !== undefined ? written(found.number) : found.value === "" ? "No result" : found.value;
  const shown = found.value === "" ? plain : [before, unitBefore ? `${unit}${plain}` : `${plain}${unit}`, after].filter(Boolean).join(" ");
  const change = trend === "none" || found.before === undefined || found.number === undefined ? undefined : found.number - found.before;
  const moved = change === undefined ? "" : trend === "percent" ? (found.before ? `${long(Math.round((1000 * change) / Math.abs(found.before)) / 10)}%` : "N/A") : written(change);
  const series = found.data.time ? found.data.series[0] : undefined;
  const says = `${label}: ${shown}${moved && `, changed by ${moved}`}`;
  return (
    <div class="single" ref={(el) => el?.style.setProperty("min-height", `${height}px`)} role="img" aria-label={says}>
      <div class="single-line">
        <div class="single-value">
          {onValue ? (
            <button type="button" class="cell" onClick={() => onValue(found.value, found.row)}>
              {shown}
            </button>
          ) : (
            shown
          )}
        </div>
        {change !== undefined && (
          <div class="single-trend">
            <span>{change > 0 ? "▲" : change < 0 ? "▼" : "▶"}</span>
            <span>{moved}</span>
          </div>
        )}
      </div>
      {under && <div class="single-under">{under}</div>}
      {sparkline && series && series.values.length > 1 && <Sparkline values={series.values.map((v) => v ?? 0)} />}
    </div>
  );
}
