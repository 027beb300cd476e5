import type { JSX } from "preact";

import { text, type Table } from "../jobs";
import { short } from "./data";

interface Read {
  value: number | undefined;
  ends: readonly number[]; // of the ranges, one more than there are ranges
  colours: readonly string[];
}

const COLOURS = ["#84e900", "#ffe800", "#bf3030"];

/** What `gauge` made (x, y1, y2…), else the first number there is, within the ranges that the view gives, else 0 to 100. */
export function gaugeOf(table: Table, ranges: readonly number[], colours: readonly string[]): Read {
  const row = table.rows[0] ?? [];
  const of = (name: string): number => Number(text(row[table.fields.indexOf(name)]));
  const made = table.fields.includes("x") && table.fields.includes("y1") ? table.fields.filter((name) => /^y\d+$/.test(name)).map(of) : [];
  const first = made.length ? of("x") : row.map((cell) => Number(text(cell) || NaN)).find(Number.isFinite);
  const ends = ranges.length > 1 ? ranges : made.length > 1 ? made : [0, 30, 70, 100];
  return { value: first, ends, colours: colours.length ? colours : COLOURS };
}

/** Where a value lies among its ranges: a bar of their colours, and a mark on it. */
export function Gauge({ value, ends, colours, label }: Read & { label: string }): JSX.Element {
  const [low, high] = [ends[0] ?? 0, ends.at(-1) ?? 100];
  const at = (n: number): number => (100 * (Math.min(Math.max(n, low), high) - low)) / (high - low || 1);
  return (
    <div class="gauge" role="img" aria-label={`${label}: ${value === undefined ? "no result" : short(value)}, of ${short(low)} to ${short(high)}`}>
      <div class="single-value">{value === undefined ? "No result" : short(value)}</div>
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        {ends.slice(1).map((end, n) => (
          <rect key={n} x={at(ends[n] ?? low)} width={at(end) - at(ends[n] ?? low)} y={4} height={8} ref={(el) => el?.style.setProperty("fill", colours[n % colours.length] ?? "")} />
        ))}
        {value !== undefined && <rect class="gauge-mark" x={Math.min(at(value), 99.2)} width={0.8} y={0} height={12} />}
      </svg>
      <div class="row gauge-ends">
        <span>{short(low)}</span>
        <span>{short(high)}</span>
      </div>
    </div>
  );
}
