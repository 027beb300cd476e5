import { scaleBand, scaleLinear, scaleUtc, type ScaleBand, type ScaleLinear, type ScaleTime } from "d3-scale";
import { arc, area, line, pie } from "d3-shape";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Table } from "../jobs";
import { chartData, long, short, type ChartData, type Series } from "./data";
import { timeTicks, type Tick } from "./time";
import { Single, type SingleStyle } from "./single";
import { axis, paint, shares, tinted, type Axis, type Style } from "./style";
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
  style?: Style;
  single?: SingleStyle;
  height?: number;
  extent?: readonly [number, number]; // of the values, where several charts share it
  onPoint?: (point: Point) => void;
  onRange?: (first: number, last: number) => void; // of points, by their numbers
}

const COLOURS = 10; // `--series-0` and so on
const PAD = { top: 12, right: 16, bottom: 54, left: 56 };
const MOST_SERIES = 50;
const PLAIN: Style = {};

const colour = (n: number): string => `series-${n % COLOURS}`;

/** A chart of a table whose first column is the axis. Everything in it is also said in the table that it was made from. */
export function Chart(props: Props): JSX.Element {
  const { kind, table, label, height = 320, style = PLAIN } = props;
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
    const series = made.series.slice(0, MOST_SERIES);
    const over = new Set(style.overlay);
    const under = series.filter(({ name }) => !over.has(name));
    return { ...made, series: style.stack === "stacked100" ? [...shares(under), ...series.filter(({ name }) => over.has(name))] : [...under, ...series.filter(({ name }) => over.has(name))] };
  }, [table, style]);
  if (kind === "single") {
    const { onPoint } = props;
    const value = onPoint && ((found: string, row: number) => onPoint({ label: data.labels[row] ?? "", series: data.series[0]?.name ?? data.axis, value: Number(found), axis: data.axis }));
    return <Single {...props.single} table={table} label={label} height={height} {...(value ? { onValue: value } : {})} />;
  }
  const drawn = { ...props, style, data, width, height };
  const one = data.series[0];
  return (
    <div class="chart" ref={place}>
      {!one ? (
        <p class="muted chart-empty">There is no column of numbers to draw beside {data.axis || "an axis"}.</p>
      ) : width < 40 ? (
        <div ref={(el) => el?.style.setProperty("height", `${height}px`)} />
      ) : (
        <>
          <svg width={width} height={height} role="img" aria-label={label} class={props.onRange ? "ranged" : ""}>
            {kind === "pie" ? <Pie {...drawn} one={one} /> : kind === "bar" ? <Bars {...drawn} /> : <Plot {...drawn} />}
          </svg>
          {style.legend !== false && <Legend data={data} pie={kind === "pie"} style={style} />}
          {data.left > 0 && <p class="muted">The first {data.labels.length} rows are drawn, {data.left} are not.</p>}
        </>
      )}
    </div>
  );
}

type Drawn = Props & { style: Style; data: ChartData; width: number; height: number };

function Legend({ data, pie: slices, style }: { data: ChartData; pie: boolean; style: Style }): JSX.Element | null {
  const names = slices ? data.labels.slice(0, 20) : data.series.map((s) => s.name);
  if (names.length < 2) return null;
  return (
    <ul class="legend">
      {names.map((name, n) => (
        <li key={n}>
          <span class={`swatch ${colour(n)}`} ref={paint(tinted(style, name, n))} /> {name || "(empty)"}
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

/** The least and the greatest value that is drawn, 0 among them. */
export function extent(series: readonly Series[], stacked: boolean): [number, number] {
  const values = stacked ? cumulated(series).flatMap((s) => s.high) : series.flatMap((s) => s.values.filter((v): v is number => v !== null));
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
  const { data, kind, width, height, onPoint, style } = props;
  const stacked = style.stack !== undefined && kind !== "line" && kind !== "scatter";
  const over = new Set(style.overlay);
  const right = new Set(data.series.map(({ name }) => name).filter((name) => style.second?.includes(name)));
  const inner = { left: PAD.left, right: width - (right.size ? PAD.left : PAD.right), top: PAD.top, bottom: height - PAD.bottom };
  const piled = data.series.filter(({ name }) => stacked && !over.has(name));
  const flat = data.series.filter(({ name }) => (!stacked || over.has(name)) && !right.has(name));
  const [[low, high], [flatLow, flatHigh]] = [extent(piled, true), extent(flat, false)];
  const whole: [number, number] = props.extent ? [...props.extent] : style.stack === "stacked100" && stacked ? [0, 100] : piled.length ? (flat.length ? [Math.min(low, flatLow), Math.max(high, flatHigh)] : [low, high]) : [flatLow, flatHigh];
  const wanted = Math.min(5, Math.max(2, Math.floor((inner.bottom - inner.top) / 28))); // lines that are not too near one another
  const left = axis(whole, [inner.bottom, inner.top], style, wanted);
  const other = right.size ? axis(extent(data.series.filter(({ name }) => right.has(name)), false), [inner.bottom, inner.top], {}, wanted) : left;
  const step = stepOf(data.x);
  const lows = Math.min(...data.x);
  const highs = Math.max(...data.x) + (kind === "column" && data.time ? step : 0);
  const x: XScale = data.time
    ? { scale: scaleUtc([lows, Math.max(highs, lows + 1)], [inner.left, inner.right]) }
    : data.numbers && kind !== "column"
      ? { scale: scaleLinear([lows, lows === highs ? lows + 1 : highs], [inner.left, inner.right]).nice() }
      : { band: scaleBand(data.labels.map((_, n) => n), [inner.left, inner.right]).padding(0.2) };
  const at = (n: number): number => (x.band ? (x.band(n) ?? 0) + x.band.bandwidth() / 2 : x.scale(data.x[n] ?? 0));
  const sums = cumulated(piled);
  const columns = data.series.filter(({ name }) => !over.has(name)).length;
  const nearest = (place: number): number => data.x.reduce((best, _, n) => (Math.abs(at(n) - place) < Math.abs(at(best) - place) ? n : best), 0);
  const columnWidth = x.band ? x.band.bandwidth() : Math.max(x.scale(lows + step) - x.scale(lows) - 1, 1);
  return (
    <>
      <YAxis y={left} from={inner.left} to={inner.right} title={style.titleY ?? ""} />
      {right.size > 0 && <RightAxis y={other} at={inner.right} />}
      {props.onRange && <Brush {...inner} height={height} chosen={(from, to) => props.onRange?.(nearest(from), nearest(to))} />}
      <XAxis x={x} data={data} y={inner.bottom} width={inner.right - inner.left} title={style.titleX ?? data.axis} />
      {data.series.map((series, s) => {
        const y = (value: number): number => (right.has(series.name) ? other : left).at(value);
        const pile = stacked && !over.has(series.name);
        const drawn = over.has(series.name) && kind !== "scatter" ? "line" : kind;
        const tint = paint(tinted(style, series.name, s));
        const points = series.values.map((value, n) => ({ value, n }));
        const title = (n: number): string => `${data.labels[n] ?? ""}\n${series.name}: ${long(series.values[n] ?? null)}`;
        const chosen = (n: number) => onPoint && (() => onPoint({ label: data.labels[n] ?? "", series: series.name, value: series.values[n] ?? null, axis: data.axis }));
        const numbers = style.numbers && points.length <= MOST_NUMBERS ? points.map(({ n, value }) => value !== null && <PointValue key={n} x={at(n)} y={y(pile ? (sums[s]?.high[n] ?? 0) : value)} value={value} />) : null;
        if (drawn === "line" || drawn === "area") {
          const low = (n: number): number => y(pile ? (sums[s]?.low[n] ?? 0) : 0);
          const high = (n: number): number => y(pile ? (sums[s]?.high[n] ?? 0) : (series.values[n] ?? 0));
          const known = (p: { value: number | null }): boolean => pile || style.nulls === "zero" || p.value !== null;
          const joined = style.nulls === "connect" ? points.filter(known) : points;
          const path = line<{ value: number | null; n: number }>((p) => at(p.n), (p) => high(p.n)).defined(known)(joined) ?? "";
          const filled = area<{ value: number | null; n: number }>((p) => at(p.n), (p) => low(p.n), (p) => high(p.n)).defined(known)(joined) ?? "";
          return (
            <g key={s} class={colour(s)} ref={tint}>
              {drawn === "area" && <path d={filled} class="area" />}
              <path d={path} class="line" />
              {points.length <= 200 &&
                points.map(({ n, value }) =>
                  value === null ? null : (
                    <circle key={n} cx={at(n)} cy={high(n)} r={points.length > 60 ? 2 : 3.5} class={onPoint ? "dot hit" : "dot"} onClick={chosen(n)}>
                      <title>{title(n)}</title>
                    </circle>
                  ),
                )}
              {numbers}
            </g>
          );
        }
        if (drawn === "scatter") {
          return (
            <g key={s} class={colour(s)} ref={tint}>
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
        const each = pile ? columnWidth : Math.max(columnWidth / columns, 1);
        return (
          <g key={s} class={colour(s)} ref={tint}>
            {points.map(({ n, value }) => {
              if (value === null) return null;
              const base = x.band ? (x.band(n) ?? 0) : x.scale(data.x[n] ?? 0);
              const [from, to] = pile ? [y(sums[s]?.low[n] ?? 0), y(sums[s]?.high[n] ?? 0)] : [y(0), y(value)];
              return (
                <rect key={n} x={base + (pile ? 0 : s * each)} y={Math.min(from, to)} width={each} height={Math.max(Math.abs(from - to), value ? 1 : 0)} class={onPoint ? "hit" : ""} onClick={chosen(n)}>
                  <title>{title(n)}</title>
                </rect>
              );
            })}
            {numbers}
          </g>
        );
      })}
    </>
  );
}

/** Dragging over the chart chooses a stretch of its axis; a click is left to the point under it. */
function Brush({ left, right, height, chosen }: { left: number; right: number; height: number; chosen: (from: number, to: number) => void }): JSX.Element {
  const place = useRef<SVGRectElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>();
  const last = useRef(chosen);
  last.current = chosen;
  useEffect(() => {
    const chart = place.current?.ownerSVGElement;
    if (!chart) return undefined;
    let from: number | undefined;
    let to = 0;
    const within = (event: PointerEvent): number => Math.min(Math.max(event.clientX - chart.getBoundingClientRect().left, left), right);
    const down = (event: PointerEvent): void => {
      from = to = within(event);
    };
    const move = (event: PointerEvent): void => {
      if (from === undefined) return;
      to = within(event);
      if (Math.abs(to - from) <= 4) return;
      if (!chart.hasPointerCapture(event.pointerId)) chart.setPointerCapture(event.pointerId);
      setDrag({ from, to });
    };
    const end = (event: PointerEvent): void => {
      if (from !== undefined && event.type === "pointerup" && Math.abs(to - from) > 4) last.current(Math.min(from, to), Math.max(from, to));
      from = undefined;
      setDrag(undefined);
    };
    const heard = [["pointerdown", down], ["pointermove", move], ["pointerup", end], ["pointercancel", end]] as const; // prettier-ignore
    for (const [name, what] of heard) chart.addEventListener(name, what);
    return () => {
      for (const [name, what] of heard) chart.removeEventListener(name, what);
    };
  }, [left, right]);
  return <rect ref={place} class="brush" x={drag ? Math.min(drag.from, drag.to) : left} width={drag ? Math.abs(drag.to - drag.from) : 0} y={0} height={height - PAD.bottom} />;
}

const MOST_NUMBERS = 60;

function PointValue({ x, y, value }: { x: number; y: number; value: number }): JSX.Element {
  return (
    <text class="point-value" x={x} y={y - 6} text-anchor="middle">
      {short(value)}
    </text>
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

function YAxis({ y, from, to, title }: { y: Axis; from: number; to: number; title: string }): JSX.Element {
  const middle = (y.at(y.ticks[0] ?? 0) + y.at(y.ticks.at(-1) ?? 0)) / 2;
  return (
    <g class="axis">
      {y.ticks.map((v) => (
        <g key={v}>
          <line x1={from} x2={to} y1={y.at(v)} y2={y.at(v)} class={v === 0 ? "zero" : "guide"} />
          <text x={from - 8} y={y.at(v)} dy="0.35em" text-anchor="end">
            {short(v)}
          </text>
        </g>
      ))}
      {title && (
        <text class="title" text-anchor="middle" ref={(el) => el?.setAttribute("transform", `translate(12,${middle}) rotate(-90)`)}>
          {title}
        </text>
      )}
    </g>
  );
}

/** The second axis: at the right, without lines of its own. */
function RightAxis({ y, at }: { y: Axis; at: number }): JSX.Element {
  return (
    <g class="axis">
      {y.ticks.map((v) => (
        <text key={v} x={at + 8} y={y.at(v)} dy="0.35em">
          {short(v)}
        </text>
      ))}
    </g>
  );
}

function XAxis({ x, data, y, width, title }: { x: XScale; data: ChartData; y: number; width: number; title: string }): JSX.Element {
  let ticks: Tick[];
  if (x.band) {
    const band = x.band;
    const every = Math.max(1, Math.ceil((data.labels.length * 74) / Math.max(width, 1)));
    ticks = data.labels.flatMap((label, n) => (n % every ? [] : [{ at: (band(n) ?? 0) + band.bandwidth() / 2, text: cut(label, Math.max(8, Math.floor((width / data.labels.length) * every / 7))), below: "" }]));
  } else {
    const scale = x.scale;
    const wanted = Math.max(2, Math.floor(width / 110));
    ticks = data.time ? timeTicks(scale as ScaleTime<number, number>, wanted) : (scale as ScaleLinear<number, number>).ticks(wanted).map((v) => ({ at: scale(v), text: short(v), below: "" }));
  }
  return (
    <g class="axis">
      {ticks.map(({ at, text: label, below }) => (
        <g key={at}>
          <line x1={at} x2={at} y1={y} y2={y + 4} class="zero" />
          <text x={at} y={y + 17} text-anchor="middle">
            {label}
          </text>
          {below && (
            <text x={at} y={y + 31} text-anchor={at < PAD.left + 50 ? "start" : "middle"} dx={at < PAD.left + 50 ? -18 : 0}>
              {below}
            </text>
          )}
        </g>
      ))}
      <text x={PAD.left + width / 2} y={y + (data.time ? 48 : 38)} text-anchor="middle" class="title">
        {title}
      </text>
    </g>
  );
}

const cut = (label: string, most: number): string => (label.length > most ? `${label.slice(0, Math.max(most - 1, 1))}…` : label);

/** Bars to the right, a category each. */
function Bars({ data, width, height, style, onPoint, extent: shared }: Drawn): JSX.Element {
  const left = Math.min(160, width * 0.35);
  const names = scaleBand(data.labels.map((_, n) => n), [PAD.top, height - 28]).padding(0.2);
  const stacked = style.stack !== undefined;
  const x = axis(shared ?? (style.stack === "stacked100" ? [0, 100] : extent(data.series, stacked)), [left, width - PAD.right], style, 4);
  const sums = stacked ? cumulated(data.series) : [];
  const each = stacked ? names.bandwidth() : names.bandwidth() / Math.max(data.series.length, 1);
  const every = Math.max(1, Math.ceil((data.labels.length * 13) / height));
  return (
    <>
      <g class="axis">
        {x.ticks.map((v) => (
          <g key={v}>
            <line x1={x.at(v)} x2={x.at(v)} y1={PAD.top} y2={height - 28} class={v === 0 ? "zero" : "guide"} />
            <text x={x.at(v)} y={height - 12} text-anchor="middle">
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
        <g key={s} class={colour(s)} ref={paint(tinted(style, series.name, s))}>
          {series.values.map((value, n) => {
            if (value === null) return null;
            const [from, to] = stacked ? [x.at(sums[s]?.low[n] ?? 0), x.at(sums[s]?.high[n] ?? 0)] : [x.at(0), x.at(value)];
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

function Pie({ data, width, height, one, onPoint, style }: Drawn & { one: Series }): JSX.Element {
  const radius = Math.min(width, height) / 2 - 12;
  const values = one.values.map((v) => Math.max(v ?? 0, 0));
  const total = values.reduce((a, b) => a + b, 0);
  const shape = arc<{ startAngle: number; endAngle: number }>().innerRadius(0).outerRadius(radius);
  const slices = pie<number>().sort(null)(values);
  return (
    <g ref={(el) => el?.setAttribute("transform", `translate(${width / 2},${height / 2})`)}>
      {slices.map((slice, n) => (
        <path key={n} ref={paint(tinted(style, data.labels[n] ?? "", n))} d={shape(slice) ?? ""} class={`slice ${colour(n)} ${onPoint ? "hit" : ""}`} onClick={onPoint && (() => onPoint({ label: data.labels[n] ?? "", series: one.name, value: values[n] ?? null, axis: data.axis }))}>
          <title>{`${data.labels[n] ?? ""}: ${long(values[n] ?? 0)} (${total ? ((100 * (values[n] ?? 0)) / total).toFixed(1) : 0} %)`}</title>
        </path>
      ))}
    </g>
  );
}
