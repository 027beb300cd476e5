import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { Chart, extent, type Kind, type Point } from "../../charts/chart";
import { chartData } from "../../charts/data";
import { Gauge, gaugeOf } from "../../charts/gauge";
import { read as readSingle } from "../../charts/single";
import { rows, text, type Table } from "../../jobs";
import { searchUrl } from "../../router";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import { handle } from "./actions";
import { byRange, colour, ink, readable } from "./colours";
import { Html } from "./html";
import { shownTime } from "../search/events";
import { on, parts, singleOf, styleOf } from "./options";
import { useSearch, useStage, useTokens, type Ran } from "./searches";
import { visible } from "./store";
import { TableView } from "./table";
import { filled, plain } from "./tokens";
import { MOST_PARTS, parted } from "./trellis";
import type { Visual } from "./view";

const KIND: Record<string, Kind> = {
  line: "line", area: "area", column: "column", bar: "bar", pie: "pie", scatter: "scatter", bubble: "scatter",
}; // prettier-ignore
const MOST_DRAWN = 10_000;

/** `level` is that of its heading: below its panel's, where that has one. */
export function VisualView({ visual, level }: { visual: Visual; level: 2 | 3 }): JSX.Element | null {
  const { store, app } = useStage();
  const values = useTokens(store);
  if (!visible(visual, values)) return null;
  if (visual.markup) return <Html markup={visual.markup} values={values} app={app} />;
  return <Searched visual={withTokens(visual, (written) => filled(written, values))} title={plain(visual.title, values)} level={level} />;
}

/** Options may be tokens, too. */
function withTokens(visual: Visual, fill: (written: string) => string): Visual {
  return { ...visual, options: Object.fromEntries(Object.entries(visual.options).map(([name, value]) => [name, fill(value)])) };
}

function Searched({ visual, title, level }: { visual: Visual; title: string; level: 2 | 3 }): JSX.Element {
  const { app } = useStage();
  const ran = useSearch(visual.search);
  const Heading = `h${level}` as const;
  return (
    <div class="dash-visual" aria-busy={ran.running}>
      {(title || ran.whole) && (
        <div class={title ? "dash-visual-head" : "dash-visual-head bare"}>
          {title && <Heading>{title}</Heading>}
          {ran.whole && !ran.waits.length && (
            <a class="dash-open" href={searchUrl(ran.whole, { earliest: ran.earliest, latest: ran.latest, app })} title="Open in Search" aria-label={title ? `Open in Search: ${title}` : "Open in Search"}>
              <Lens />
            </a>
          )}
        </div>
      )}
      {ran.messages
        .filter(({ type }) => type !== "INFO")
        .map(({ type, text: words }) => (
          <Notice key={words} kind={type === "WARN" ? "warn" : "error"}>
            {words}
          </Notice>
        ))}
      <Body visual={visual} ran={ran} level={level} />
    </div>
  );
}

/** A magnifying glass, as Splunk's panels have for their search. */
function Lens(): JSX.Element {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
      <circle cx="6.8" cy="6.8" r="4.6" />
      <line x1="10.4" y1="10.4" x2="14.4" y2="14.4" />
    </svg>
  );
}

function Body({ visual, ran, level }: { visual: Visual; ran: Ran; level: 2 | 3 }): JSX.Element {
  if (!visual.search) return <p class="muted dash-empty">There is no search here.</p>;
  if (ran.waits.length) return <p class="muted dash-empty">The search waits for {ran.waits.map((name) => `$${name}$`).join(", ")}.</p>;
  if (!ran.done && !ran.sid) return <p class="muted dash-empty">{ran.running ? "Searching…" : ""}</p>;
  if (visual.kind === "event") return <EventsView visual={visual} ran={ran} />;
  if (visual.kind === "chart" || visual.kind === "single") return <Drawn visual={visual} ran={ran} level={level} />;
  return <TableView visual={visual} ran={ran} />;
}

function useTable(ran: Ran, count: number): { value: Table | undefined; error: unknown } {
  return useLoading(async (signal) => (ran.sid && ran.done ? rows(ran.sid, "results", { count, search: ran.post || undefined }, signal) : undefined), [ran.sid, ran.done, ran.post, count]);
}

function Drawn({ visual, ran, level }: { visual: Visual; ran: Ran; level: 2 | 3 }): JSX.Element {
  const { options } = visual;
  const { value, error } = useTable(ran, Number(options["charting.data.count"]) || MOST_DRAWN);
  if (!value) return <Failure error={error} />;
  if (!value.rows.length) return <p class="muted dash-empty">No results found.</p>;
  return on(options["trellis.enabled"]) ? <Trellis visual={visual} table={value} level={visual.title ? (level === 2 ? 3 : 4) : level} /> : <OneDrawn visual={visual} table={value} title={visual.title} />;
}

interface One {
  visual: Visual;
  table: Table;
  title: string;
  height?: number;
  extent?: readonly [number, number];
  local?: readonly (readonly [string, string])[]; // tokens of a click besides those of the point
}

function OneDrawn({ visual, table, title, height, extent: shared, local: more = [] }: One): JSX.Element {
  const stage = useStage();
  const { options } = visual;
  const single = visual.kind === "single";
  const gauge = visual.kind === "chart" && /Gauge$/.test(options["charting.chart"] ?? "");
  const kind: Kind = single ? "single" : (KIND[options["charting.chart"] ?? "column"] ?? "column");
  const chosen = single && options.field ? only(table, options.field) : table;
  const style = useMemo(() => styleOf(options), [JSON.stringify(options)]);
  const clicks = visual.drilldown && (options["charting.drilldown"] ?? options.drilldown ?? "all") !== "none";
  const click = (point: Point): void => {
    const local = new Map<string, string>([
      ["click.name", point.axis],
      ["click.value", point.label],
      ["click.name2", point.series],
      ["click.value2", point.value === null ? "" : String(point.value)],
      ["click.field", point.series],
      ...more,
    ]);
    const row = table.rows.find((one) => text(one[table.fields.indexOf(point.axis)]) === point.label);
    table.fields.forEach((name, n) => local.set(`row.${name}`, text(row?.[n])));
    void handle(visual.drilldown, local, stage);
  };
  if (gauge) return <Gauge {...gaugeOf(table, parts(options["charting.chart.rangeValues"]).map(Number), parts(options["charting.gaugeColors"]).flatMap((one) => colour(one) ?? []))} label={title || "Gauge"} />;
  const draw = (part: Table, onRange?: (first: number, last: number) => void): JSX.Element => (
    <Chart
      kind={kind}
      table={part}
      label={title || `${kind} chart`}
      height={height ?? (Number.parseInt(options.height ?? "", 10) || (single ? 120 : 250))}
      style={style}
      single={singleOf(options)}
      {...(shared ? { extent: shared } : {})}
      {...(clicks ? { onPoint: click } : {})}
      {...(onRange ? { onRange } : {})}
    />
  );
  if (visual.selection) return <Ranged visual={visual} table={chosen} local={more} draw={draw} />;
  const drawing = draw(chosen);
  return single ? <Coloured visual={visual} table={chosen} drawing={drawing} /> : drawing;
}

interface Stretch {
  visual: Visual;
  table: Table;
  local: readonly (readonly [string, string])[];
  draw: (part: Table, onRange: (first: number, last: number) => void) => JSX.Element;
}

/**
 * A chart with `<selection>`: the stretch that is chosen is drawn, and its tokens are set; all of it is, when the rows come first. `start` and
 * `end` are the ends on the axis; on an axis of time seconds, `end` that of the last point's span, as `latest` is read (ours).
 */
function Ranged({ visual, table, local, draw }: Stretch): JSX.Element {
  const stage = useStage();
  const data = useMemo(() => chartData(table), [table]);
  const most = data.labels.length - 1;
  const [range, setRange] = useState<readonly [number, number]>([0, most]);
  const [from, to] = [Math.min(range[0], most), Math.min(range[1], most)];
  const told = useRef(false);
  const choose = (first: number, last: number): void => {
    setRange([first, last]);
    const span = Number(text(table.rows[last]?.[table.fields.indexOf("_span")])) || (most > 0 ? ((data.x[1] ?? 0) - (data.x[0] ?? 0)) / 1000 : 1);
    const end = (n: number, late: boolean): string => (data.time ? String((data.x[n] ?? 0) / 1000 + (late ? span : 0)) : (data.labels[n] ?? ""));
    const tokens = new Map<string, string>([["start", end(first, false)], ["end", end(last, true)], ...local]);
    for (const { name, values } of data.series) {
      tokens.set(`start.${name}`, String(values[first] ?? ""));
      tokens.set(`end.${name}`, String(values[last] ?? ""));
    }
    void handle(visual.selection, tokens, stage);
  };
  useEffect(() => {
    setRange([0, most]);
    if (told.current) return;
    told.current = true;
    choose(0, most);
  }, [table]);
  const part = useMemo(() => ({ fields: table.fields, rows: table.rows.slice(from, to + 1) }), [table, from, to]);
  const name = visual.title || "the chart";
  return (
    <>
      {draw(part, (first, last) => choose(from + first, from + last))}
      <div class="chart-range muted" role="group" aria-label={`Selection of ${name}`}>
        <input type="range" min={0} max={most} value={from} aria-label={`Start of the selection of ${name}`} aria-valuetext={data.labels[from] ?? ""} onChange={(event) => choose(Math.min(Number(event.currentTarget.value), to), to)} />
        <input type="range" min={0} max={most} value={to} aria-label={`End of the selection of ${name}`} aria-valuetext={data.labels[to] ?? ""} onChange={(event) => choose(from, Math.max(Number(event.currentTarget.value), from))} />
        <button type="button" class="button small" disabled={from === 0 && to === most} onClick={() => choose(0, most)}>
          Whole chart
        </button>
      </div>
    </>
  );
}

const SIZES: Record<string, [string, number]> = { small: ["trellis small", 130], medium: ["trellis", 190], large: ["trellis large", 260] };

/** One drawing for each part, all with the same axis of values unless the view wants each its own. */
function Trellis({ visual, table, level }: { visual: Visual; table: Table; level: 2 | 3 | 4 }): JSX.Element {
  const { options } = visual;
  const Heading = `h${level}` as const;
  const by = options["trellis.splitBy"];
  const single = visual.kind === "single";
  const found = parted(table, by, single);
  const stacked = /^stacked/.test(options["charting.chart.stackMode"] ?? "");
  const ends = found.map((part) => extent(chartData(part.table).series, stacked));
  const shared: [number, number] = [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
  const own = single || options["trellis.scales.shared"] === "0" || options["trellis.scales.shared"] === "false" || options["charting.chart.stackMode"] === "stacked100";
  const [style, height] = SIZES[options["trellis.size"] ?? "medium"] ?? ["trellis", 190];
  return (
    <>
      <ul class={style}>
        {found.slice(0, MOST_PARTS).map(({ name, table: part }) => (
          <li key={name}>
            <Heading>{name || "(empty)"}</Heading>
            <OneDrawn visual={visual} table={part} title={`${visual.title} ${name}`.trim()} height={single ? 90 : height} {...(own ? {} : { extent: shared })} local={[["trellis.name", by ?? ""], ["trellis.value", name]]} />
          </li>
        ))}
      </ul>
      {found.length > MOST_PARTS && <p class="muted">The first {MOST_PARTS} of {found.length} are drawn.</p>}
    </>
  );
}

function only(table: Table, field: string): Table {
  const keep = table.fields.flatMap((name, n) => (name === field || name === "_time" ? [n] : []));
  return { fields: keep.map((n) => table.fields[n] ?? ""), rows: table.rows.map((row) => keep.map((n) => row[n] ?? null)) };
}

/** Colours of Splunk Web for a single value whose view names none, from low to high. */
const RANGES = { values: ["0", "30", "70", "100"], colours: ["#53a051", "#0877a6", "#f8be34", "#f1813f", "#dc4e41"] };

/** A single value in the colour of its range, or of its trend. */
function Coloured({ visual, table, drawing }: { visual: Visual; table: Table; drawing: JSX.Element }): JSX.Element {
  const { rangeValues, rangeColors, useColors, colorMode, colorBy, trendColorInterpretation } = visual.options;
  const { number, before } = readSingle(table, singleOf(visual.options).interval);
  let found: string | undefined;
  if (on(useColors) && number !== undefined) {
    if (colorBy === "trend") {
      const better = before === undefined || number === before ? undefined : number > before === (trendColorInterpretation !== "inverse");
      found = better === undefined ? undefined : better ? "#53a051" : "#dc4e41";
    } else found = byRange(number, (rangeValues ? parts(rangeValues) : RANGES.values).map(Number), rangeColors ? parts(rangeColors) : RANGES.colours);
  }
  const block = found !== undefined && colorMode === "block";
  return (
    <div
      ref={(el) => {
        if (!el) return;
        el.style.backgroundColor = block ? (found ?? "") : "";
        el.style.color = block ? ink(found ?? "") : "";
        // Only the figure is coloured: words below it stay readable whatever the view chose.
        for (const one of el.querySelectorAll<HTMLElement>(".single-line")) one.style.color = block ? "" : (found ? readable(found) : "");
      }}
    >
      {drawing}
    </div>
  );
}

function EventsView({ visual, ran }: { visual: Visual; ran: Ran }): JSX.Element {
  const [page, setPage] = useState(0);
  const count = Number(visual.options.count) || 10;
  const { value, error } = useLoading(
    async (signal) => (ran.sid && ran.done ? rows(ran.sid, "results", { offset: page * count, count: count + 1, search: ran.post || undefined }, signal) : undefined),
    [ran.sid, ran.done, ran.post, page, count],
  );
  if (!value) return <Failure error={error} />;
  const at = (name: string): number => value.fields.indexOf(name);
  if (!value.rows.length && !page) return <p class="muted dash-empty">No results found.</p>;
  return (
    <>
      <ol class="dash-events" start={page * count + 1}>
        {value.rows.slice(0, count).map((row, n) => (
          <li class="dash-event" key={n}>
            <time dateTime={text(row[at("_time")])}>{shownTime(text(row[at("_time")]))}</time>
            <div class="stack">
              <pre>{text(row[at("_raw")])}</pre>
              <div class="row chips">
                {(visual.fields ?? ["host", "source", "sourcetype"]).map((name) => (
                  <span key={name}>
                    <span class="muted">{name} = </span>
                    {text(row[at(name)])}
                  </span>
                ))}
              </div>
            </div>
          </li>
        ))}
      </ol>
      {(page > 0 || value.rows.length > count) && (
        <nav class="row dash-pages" aria-label="Pages of events">
          <button type="button" class="button small" disabled={!page} onClick={() => setPage(page - 1)}>
            ‹ Prev
          </button>
          <button type="button" class="button small" disabled={value.rows.length <= count} onClick={() => setPage(page + 1)}>
            Next ›
          </button>
        </nav>
      )}
    </>
  );
}
