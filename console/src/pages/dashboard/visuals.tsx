import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Chart, type Kind, type Point } from "../../charts/chart";
import { rows, text, type Table } from "../../jobs";
import { searchUrl } from "../../router";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import { handle } from "./actions";
import { byRange, ink } from "./colours";
import { Html } from "./html";
import { shownTime } from "../search/events";
import { useSearch, useStage, useTokens, type Ran } from "./searches";
import { visible } from "./store";
import { TableView } from "./table";
import { filled, plain } from "./tokens";
import type { Visual } from "./view";

const KIND: Record<string, Kind> = {
  line: "line", area: "area", column: "column", bar: "bar", pie: "pie", scatter: "scatter", bubble: "scatter",
  radialGauge: "single", fillerGauge: "single", markerGauge: "single",
}; // prettier-ignore
const MOST_DRAWN = 10_000;

export function VisualView({ visual }: { visual: Visual }): JSX.Element | null {
  const { store, app } = useStage();
  const values = useTokens(store);
  if (!visible(visual, values)) return null;
  if (visual.markup) return <Html markup={visual.markup} values={values} app={app} />;
  return <Searched visual={withTokens(visual, (written) => filled(written, values))} title={plain(visual.title, values)} />;
}

/** Options may be tokens, too. */
function withTokens(visual: Visual, fill: (written: string) => string): Visual {
  return { ...visual, options: Object.fromEntries(Object.entries(visual.options).map(([name, value]) => [name, fill(value)])) };
}

function Searched({ visual, title }: { visual: Visual; title: string }): JSX.Element {
  const { app } = useStage();
  const ran = useSearch(visual.search);
  return (
    <div class="dash-visual" aria-busy={ran.running}>
      {(title || ran.whole) && (
        <div class="dash-visual-head">
          {title && <h3>{title}</h3>}
          {ran.whole && !ran.waits.length && (
            <a class="dash-open" href={searchUrl(ran.whole, { earliest: ran.earliest, latest: ran.latest, app })}>
              Open in Search
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
      <Body visual={visual} ran={ran} />
    </div>
  );
}

function Body({ visual, ran }: { visual: Visual; ran: Ran }): JSX.Element {
  if (!visual.search) return <p class="muted dash-empty">There is no search here.</p>;
  if (ran.waits.length) return <p class="muted dash-empty">The search waits for {ran.waits.map((name) => `$${name}$`).join(", ")}.</p>;
  if (!ran.done && !ran.sid) return <p class="muted dash-empty">{ran.running ? "Searching…" : ""}</p>;
  if (visual.kind === "event") return <EventsView visual={visual} ran={ran} />;
  if (visual.kind === "chart" || visual.kind === "single") return <Drawn visual={visual} ran={ran} />;
  return <TableView visual={visual} ran={ran} />;
}

function useTable(ran: Ran, count: number): { value: Table | undefined; error: unknown } {
  return useLoading(async (signal) => (ran.sid && ran.done ? rows(ran.sid, "results", { count, search: ran.post || undefined }, signal) : undefined), [ran.sid, ran.done, ran.post, count]);
}

function Drawn({ visual, ran }: { visual: Visual; ran: Ran }): JSX.Element {
  const stage = useStage();
  const { options } = visual;
  const { value, error } = useTable(ran, Number(options["charting.data.count"]) || MOST_DRAWN);
  if (!value) return <Failure error={error} />;
  const single = visual.kind === "single";
  const kind: Kind = single ? "single" : (KIND[options["charting.chart"] ?? "column"] ?? "column");
  const chosen = single && options.field ? only(value, options.field) : value;
  const clicks = visual.drilldown && (options["charting.drilldown"] ?? options.drilldown ?? "all") !== "none";
  const click = (point: Point): void => {
    const local = new Map([
      ["click.name", point.axis],
      ["click.value", point.label],
      ["click.name2", point.series],
      ["click.value2", point.value === null ? "" : String(point.value)],
      ["click.field", point.series],
    ]);
    const row = value.rows.find((one) => text(one[value.fields.indexOf(point.axis)]) === point.label);
    value.fields.forEach((name, n) => local.set(`row.${name}`, text(row?.[n])));
    void handle(visual.drilldown, local, stage);
  };
  const height = Number.parseInt(options.height ?? "", 10) || (single ? 120 : 250);
  const drawing = (
    <Chart
      kind={kind}
      table={chosen}
      label={visual.title || `${kind} chart`}
      height={height}
      {...(/^stacked/.test(options["charting.chart.stackMode"] ?? "") ? { stacked: true } : {})}
      {...(options.unit ? { unit: options.unit } : {})}
      {...(options.underLabel ? { under: options.underLabel } : {})}
      {...(clicks ? { onPoint: click } : {})}
    />
  );
  if (!chosen.rows.length) return <p class="muted dash-empty">No results found.</p>;
  return single ? <Coloured visual={visual} table={chosen} drawing={drawing} /> : drawing;
}

function only(table: Table, field: string): Table {
  const keep = table.fields.flatMap((name, n) => (name === field || name === "_time" ? [n] : []));
  return { fields: keep.map((n) => table.fields[n] ?? ""), rows: table.rows.map((row) => keep.map((n) => row[n] ?? null)) };
}

/** A single value in the colour of its range. */
function Coloured({ visual, table, drawing }: { visual: Visual; table: Table; drawing: JSX.Element }): JSX.Element {
  const { rangeValues, rangeColors, useColors, colorMode } = visual.options;
  const read = (written: string | undefined): string[] => (written ?? "").replace(/[[\]"]/g, "").split(",").map((one) => one.trim()).filter(Boolean);
  const value = Number(text(table.rows.at(-1)?.at(table.fields[0] === "_time" ? 1 : 0)));
  const found = /^(?:1|true)$/.test(useColors ?? "") && Number.isFinite(value) ? byRange(value, read(rangeValues).map(Number), read(rangeColors)) : undefined;
  return (
    <div
      ref={(el) => {
        if (!el) return;
        const block = found !== undefined && colorMode === "block";
        el.style.backgroundColor = block ? found : "";
        el.style.color = block ? ink(found) : (found ?? "");
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
