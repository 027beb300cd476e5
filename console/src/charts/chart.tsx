import { scaleBand, scaleLinear, scaleUtc, type ScaleBand, type ScaleLinear, type ScaleTime } from "d3-scale";
import { arc, area, line, pie } from "d3-shape";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Table } from "../jobs";
import { chartData, long, short, type ChartData, type Series } from "./data";
import "./chart.css";

export const KINDS = ["column", "bar", "line", "area", "pie", "scatter", "single"] as const;
export type Kind = (typeof KINDS)[number];

export interface Point {
  label: string; // of the axis
  series: string;
  value: number | null;
  axis: string;
}

interface Props {
  kind: Kind;
  table: Table;
  label: string;
  stacked?: boolean;
  height?: number;
  unit?: string; // of a single value
  under?: string; // a single value's caption
  onPoint?: (point: Point) => void;
}

const COLOURS = 10; // `--series-0` and so on
const PAD = { top: 12, right: 16, bottom: 44, left: 56 };
const MOST_SERIES = 50;

const colour = (n: number): string => `series-${n % COLOURS}`;

/** A chart of a table whose first column is the axis. Everything in it is also said in the table that it was made from. */
export function Chart(props: Props): JSX.Element {
  const { kind, table, label, height = 320 } = props;
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return undefined;
    const watcher = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  const data = useMemo(() => {
    const made = chartData(table);
    return { ...made, series: made.series.slice(0, MOST_SERIES) };
  }, [table]);
  if (kind === "single") return <Single {...props} data={data} />;
  const drawn = { ...props, data, width, height };
  const one = data.series[0];
  return (
    <div class="chart" ref={place}>
      {!one ? (
        <p class="muted chart-empty">There is no column of numbers to draw beside {data.axis || "an axis"}.</p>
      ) : width < 40 ? (
        <div ref={(el) => el?.style.setProperty("height", `${height}px`)} />
      ) : (
        <>
          <svg width={width} height={height} role="img" aria-label={label}>
            {kind === "pie" ? <Pie {...drawn} one={one} /> : kind === "bar" ? <Bars {...drawn} /> : <Plot {...drawn} />}
          </svg>
          <Legend data={data} pie={kind === "pie"} />
          {data.left > 0 && <p class="muted">The first {data.labels.length} rows are drawn, {data.left} are not.</p>}
        </>
      )}
    </div>
  );
}

type Drawn = Props & { data: ChartData; width: number; height: number };

function Legend({ data, pie: slices }: { data: ChartData; pie: boolean }): JSX.Element | null {
  const names = slices ? data.labels.slice(0, 20) : data.series.map((s) => s.name);
  if (names.length < 2) return null;
  return (
    <ul class="legend">
      {names.map((name, n) => (
        <li key={n}>
          <span class={`swatch ${colour(n)}`} /> {name || "(empty)"}
        </li>
      ))}
    </ul>
  );
}

function cumulated(series: readonly Series[]): { low: number[]; high: number[] }[] {
  const sums = (series[0]?.values ?? []).map(() => 0);
  return series.map(({ values }) => {
    const low = [...sums];
    values.forEach((v, n) => (sums[n] = (sums[n] ?? 0) + Math.max(v ?? 0, 0)));
    return { low, high: [...sums] };
  });
}

function extent(data: ChartData, stacked: boolean): [number, number] {
  const values = stacked
    ? cumulated(data.series).flatMap((s) => s.high)
    : data.series.flatMap((s) => s.values.filter((v): v is number => v !== null));
  let low = 0;
  let high = 0;
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  return low === high ? [low, low + 1] : [low, high];
}

type XScale = { scale: ScaleTime<number, number> | ScaleLinear<number, number>; band?: undefined } | { band: ScaleBand<number>; scale?: undefined };

/** Line, area, column and scatter: values upwards. */
function Plot(props: Drawn): JSX.Element {
  const { data, kind, width, height, onPoint } = props;
  const stacked = Boolean(props.stacked) && kind !== "line" && kind !== "scatter";
  const inner = { left: PAD.left, right: width - PAD.right, top: PAD.top, bottom: height - PAD.bottom };
  const y = scaleLinear(extent(data, stacked), [inner.bottom, inner.top]).nice(5);
  const step = stepOf(data.x);
  const lows = Math.min(...data.x);
  const highs = Math.max(...data.x) + (kind === "column" && data.time ? step : 0);
  const x: XScale = data.time
    ? { scale: scaleUtc([lows, Math.max(highs, lows + 1)], [inner.left, inner.right]) }
    : data.numbers && kind !== "column"
      ? { scale: scaleLinear([lows, lows === highs ? lows + 1 : highs], [inner.left, inner.right]).nice() }
      : { band: scaleBand(data.labels.map((_, n) => n), [inner.left, inner.right]).padding(0.2) };
  const at = (n: number): number => (x.band ? (x.band(n) ?? 0) + x.band.bandwidth() / 2 : x.scale(data.x[n] ?? 0));
  const sums = stacked ? cumulated(data.series) : [];
  const columnWidth = x.band ? x.band.bandwidth() : Math.max(x.scale(lows + step) - x.scale(lows) - 1, 1);
  return (
    <>
      <YAxis y={y} from={inner.left} to={inner.right} />
      <XAxis x={x} data={data} y={inner.bottom} width={inner.right - inner.left} />
      {data.series.map((series, s) => {
        const points = series.values.map((value, n) => ({ value, n }));
        const title = (n: number): string => `${data.labels[n] ?? ""}\n${series.name}: ${long(series.values[n] ?? null)}`;
        const chosen = (n: number) => onPoint && (() => onPoint({ label: data.labels[n] ?? "", series: series.name, value: series.values[n] ?? null, axis: data.axis }));
        if (kind === "line" || kind === "area") {
          const low = (n: number): number => y(stacked ? (sums[s]?.low[n] ?? 0) : 0);
          const high = (n: number): number => y(stacked ? (sums[s]?.high[n] ?? 0) : (series.values[n] ?? 0));
          const known = (p: { value: number | null }): boolean => stacked || p.value !== null;
          const path = line<{ value: number | null; n: number }>((p) => at(p.n), (p) => high(p.n)).defined(known)(points) ?? "";
          const filled = area<{ value: number | null; n: number }>((p) => at(p.n), (p) => low(p.n), (p) => high(p.n)).defined(known)(points) ?? "";
          return (
            <g key={s} class={colour(s)}>
              {kind === "area" && <path d={filled} class="area" />}
              <path d={path} class="line" />
              {points.length <= 200 &&
                points.map(({ n, value }) =>
                  value === null ? null : (
                    <circle key={n} cx={at(n)} cy={high(n)} r={points.length > 60 ? 2 : 3.5} class={onPoint ? "dot hit" : "dot"} onClick={chosen(n)}>
                      <title>{title(n)}</title>
                    </circle>
                  ),
                )}
            </g>
          );
        }
        if (kind === "scatter") {
          return (
            <g key={s} class={colour(s)}>
              {points.map(({ n, value }) =>
                value === null ? null : (
                  <circle key={n} cx={at(n)} cy={y(value)} r={4} class="dot faint" onClick={chosen(n)}>
                    <title>{title(n)}</title>
                  </circle>
                ),
              )}
            </g>
          );
        }
        const each = stacked ? columnWidth : Math.max(columnWidth / data.series.length, 1);
        return (
          <g key={s} class={colour(s)}>
            {points.map(({ n, value }) => {
              if (value === null) return null;
              const base = x.band ? (x.band(n) ?? 0) : x.scale(data.x[n] ?? 0);
              const [from, to] = stacked ? [y(sums[s]?.low[n] ?? 0), y(sums[s]?.high[n] ?? 0)] : [y(0), y(value)];
              return (
                <rect key={n} x={base + (stacked ? 0 : s * each)} y={Math.min(from, to)} width={each} height={Math.max(Math.abs(from - to), value ? 1 : 0)} class={onPoint ? "hit" : ""} onClick={chosen(n)}>
                  <title>{title(n)}</title>
                </rect>
              );
            })}
          </g>
        );
      })}
    </>
  );
}

function stepOf(x: readonly number[]): number {
  let step = Infinity;
  for (let n = 1; n < x.length; n++) {
    const d = Math.abs((x[n] ?? 0) - (x[n - 1] ?? 0));
    if (d > 0 && d < step) step = d;
  }
  return Number.isFinite(step) ? step : 60_000;
}

function YAxis({ y, from, to }: { y: ScaleLinear<number, number>; from: number; to: number }): JSX.Element {
  return (
    <g class="axis">
      {y.ticks(5).map((v) => (
        <g key={v}>
          <line x1={from} x2={to} y1={y(v)} y2={y(v)} class={v === 0 ? "zero" : "guide"} />
          <text x={from - 8} y={y(v)} dy="0.35em" text-anchor="end">
            {short(v)}
          </text>
        </g>
      ))}
    </g>
  );
}

function XAxis({ x, data, y, width }: { x: XScale; data: ChartData; y: number; width: number }): JSX.Element {
  let ticks: { at: number; text: string }[];
  if (x.band) {
    const band = x.band;
    const every = Math.max(1, Math.ceil((data.labels.length * 74) / Math.max(width, 1)));
    ticks = data.labels.flatMap((label, n) => (n % every ? [] : [{ at: (band(n) ?? 0) + band.bandwidth() / 2, text: cut(label, Math.max(8, Math.floor((width / data.labels.length) * every / 7))) }]));
  } else {
    const scale = x.scale;
    const wanted = Math.max(2, Math.floor(width / 110));
    const format = data.time ? (scale as ScaleTime<number, number>).tickFormat(wanted) : undefined;
    ticks = (scale.ticks(wanted) as (Date | number)[]).map((v) => ({ at: scale(v as number), text: format ? format(v as Date) : short(Number(v)) }));
  }
  return (
    <g class="axis">
      {ticks.map(({ at, text: label }) => (
        <g key={at}>
          <line x1={at} x2={at} y1={y} y2={y + 4} class="zero" />
          <text x={at} y={y + 17} text-anchor="middle">
            {label}
          </text>
        </g>
      ))}
      <text x={PAD.left + width / 2} y={y + 36} text-anchor="middle" class="title">
        {data.axis}
      </text>
    </g>
  );
}

const cut = (label: string, most: number): string => (label.length > most ? `${label.slice(0, Math.max(most - 1, 1))}…` : label);

/** Bars to the right, a category each. */
function Bars({ data, width, height, stacked, onPoint }: Drawn): JSX.Element {
  const left = Math.min(160, width * 0.35);
  const names = scaleBand(data.labels.map((_, n) => n), [PAD.top, height - 28]).padding(0.2);
  const x = scaleLinear(extent(data, Boolean(stacked)), [left, width - PAD.right]).nice(4);
  const sums = stacked ? cumulated(data.series) : [];
  const each = stacked ? names.bandwidth() : names.bandwidth() / Math.max(data.series.length, 1);
  const every = Math.max(1, Math.ceil((data.labels.length * 13) / height));
  return (
    <>
      <g class="axis">
        {x.ticks(4).map((v) => (
          <g key={v}>
            <line x1={x(v)} x2={x(v)} y1={PAD.top} y2={height - 28} class={v === 0 ? "zero" : "guide"} />
            <text x={x(v)} y={height - 12} text-anchor="middle">
              {short(v)}
            </text>
          </g>
        ))}
        {data.labels.map((label, n) =>
          n % every ? null : (
            <text key={n} x={left - 8} y={(names(n) ?? 0) + names.bandwidth() / 2} dy="0.35em" text-anchor="end">
              {cut(label, Math.floor(left / 7))}
            </text>
          ),
        )}
      </g>
      {data.series.map((series, s) => (
        <g key={s} class={colour(s)}>
          {series.values.map((value, n) => {
            if (value === null) return null;
            const [from, to] = stacked ? [x(sums[s]?.low[n] ?? 0), x(sums[s]?.high[n] ?? 0)] : [x(0), x(value)];
            return (
              <rect key={n} x={Math.min(from, to)} y={(names(n) ?? 0) + (stacked ? 0 : s * each)} width={Math.max(Math.abs(to - from), value ? 1 : 0)} height={Math.max(each, 1)} class={onPoint ? "hit" : ""} onClick={onPoint && (() => onPoint({ label: data.labels[n] ?? "", series: series.name, value, axis: data.axis }))}>
                <title>{`${data.labels[n] ?? ""}\n${series.name}: ${long(value)}`}</title>
              </rect>
            );
          })}
        </g>
      ))}
    </>
  );
}

function Pie({ data, width, height, one, onPoint }: Drawn & { one: Series }): JSX.Element {
  const radius = Math.min(width, height) / 2 - 12;
  const values = one.values.map((v) => Math.max(v ?? 0, 0));
  const total = values.reduce((a, b) => a + b, 0);
  const shape = arc<{ startAngle: number; endAngle: number }>().innerRadius(0).outerRadius(radius);
  const slices = pie<number>().sort(null)(values);
  return (
    <g ref={(el) => el?.setAttribute("transform", `translate(${width / 2},${height / 2})`)}>
      {slices.map((slice, n) => (
        <path key={n} d={shape(slice) ?? ""} class={`slice ${colour(n)} ${onPoint ? "hit" : ""}`} onClick={onPoint && (() => onPoint({ label: data.labels[n] ?? "", series: one.name, value: values[n] ?? null, axis: data.axis }))}>
          <title>{`${data.labels[n] ?? ""}: ${long(values[n] ?? 0)} (${total ? ((100 * (values[n] ?? 0)) / total).toFixed(1) : 0} %)`}</title>
        </path>
      ))}
    </g>
  );
}

/** The first value there is; over time the last one, with the course of it. */
function Single({ table, data, label, unit, under, height = 160, onPoint }: Props & { data: ChartData }): JSX.Element {
  const series = data.time ? data.series[0] : undefined;
  const cell = table.rows[0]?.[0];
  const value = series ? (series.values.filter((v) => v !== null).at(-1) ?? null) : cell;
  const plain = Array.isArray(value) ? value.join(", ") : value === null || value === undefined || value === "" ? "No result" : String(value);
  const shown = /^-?\d+(?:\.\d+)?$/.test(plain) ? long(Number(plain)) : plain;
  const last = data.labels.length - 1;
  return (
    <div class="single" ref={(el) => el?.style.setProperty("min-height", `${height}px`)} role="img" aria-label={`${label}: ${shown}${unit ?? ""}`}>
      <div class="single-value">
        {onPoint ? (
          <button type="button" class="cell" onClick={() => onPoint({ label: data.labels[last] ?? "", series: series?.name ?? data.axis, value: Number(plain), axis: data.axis })}>
            {shown}
            {unit}
          </button>
        ) : (
          <>
            {shown}
            {unit}
          </>
        )}
      </div>
      {under && <div class="muted">{under}</div>}
      {series && series.values.length > 1 && <Sparkline values={series.values.map((v) => v ?? 0)} />}
    </div>
  );
}

/** A small line without axes. */
export function Sparkline({ values, bars = false }: { values: readonly number[]; bars?: boolean }): JSX.Element {
  const [width, height] = [120, 24];
  const y = scaleLinear([Math.min(0, ...values), Math.max(1, ...values)], [height - 2, 2]);
  const x = scaleLinear([0, Math.max(values.length - 1, 1)], [2, width - 2]);
  const path = line<number>((_, n) => x(n), (v) => y(v))(values) ?? "";
  return (
    <svg class="sparkline series-0" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`from ${values[0] ?? 0} to ${values.at(-1) ?? 0}, at most ${Math.max(...values)}`}>
      {bars ? values.map((v, n) => <rect key={n} x={x(n) - 1} width={Math.max(width / values.length - 1, 1)} y={y(v)} height={height - 2 - y(v)} />) : <path d={path} class="line" />}
    </svg>
  );
}
