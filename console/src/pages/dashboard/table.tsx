import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { long } from "../../charts/data";
import { Sparkline } from "../../charts/sparkline";
import { rows, shown as cellText, text, type Cell, type Table } from "../../jobs";
import { fieldName } from "../../spl/text";
import { numeric } from "../../ui/grid";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { handle } from "./actions";
import { between, colours, ink } from "./colours";
import { on } from "./options";
import { useStage, type Ran } from "./searches";
import type { Format, Visual } from "./view";

const SPARK = "##__SPARKLINE__##";

function written(field: string, cell: Cell, formats: readonly Format[]): string {
  const plain = Array.isArray(cell) ? cell.join("\n") : cellText(field, cell);
  const format = formats.find(({ type }) => type === "number");
  const n = Number(plain);
  if (!format || plain === "" || !Number.isFinite(n)) return plain;
  const { precision = "2", useThousandSeparators = "true", unit = "", unitPosition = "after" } = format.options;
  const digits = Math.min(Number(precision), 20);
  const number = n.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: useThousandSeparators !== "false" });
  return unitPosition === "before" ? `${unit} ${number}` : `${number} ${unit}`.trim();
}

const of = (formats: readonly Format[], field: string): Format[] => formats.filter((one) => one.field === undefined || one.field === field);

/** The sums of the columns that have one, over every row of the search, seen or not. */
function totals({ fields, rows: [row] }: Table): Map<string, number> {
  return new Map(fields.flatMap((name, n) => (text(row?.[n]) !== "" && Number.isFinite(Number(text(row?.[n]))) ? [[name, Number(text(row?.[n]))] as const] : [])));
}

/** Totals, and what each is of all of them together, below the rows. */
function Sums({ fields, sums, numbered, visual }: { fields: readonly string[]; sums: ReadonlyMap<string, number>; numbered: boolean; visual: Visual }): JSX.Element {
  const shown = fields.filter((name) => sums.has(name));
  const all = shown.reduce((sum, name) => sum + (sums.get(name) ?? 0), 0);
  const line = (title: string, say: (n: number) => string): JSX.Element => (
    <tr>
      {numbered && <td />}
      {fields.map((name, n) => {
        const sum = sums.get(name);
        return (
          <td key={name} class={sum === undefined ? undefined : "number"}>
            {sum === undefined ? n === 0 && title : say(sum)}
          </td>
        );
      })}
    </tr>
  );
  return (
    <tfoot>
      {on(visual.options.totalsRow) && line("Total", (n) => long(n))}
      {on(visual.options.percentagesRow) && line("Percent", (n) => `${all ? ((100 * n) / all).toFixed(2) : "0.00"}%`)}
    </tfoot>
  );
}

/** `heatmap` and `highlow` of a table without formats of its own: over all its numbers together. */
function overlaid(table: Table, mode: string | undefined): Map<string, Map<string, string>> {
  const columns = mode === "heatmap" || mode === "highlow" ? [...numeric(table)] : [];
  const values = columns.flatMap((name) => table.rows.map((row) => Number(text(row[table.fields.indexOf(name)]) || NaN))).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const paint = (n: number): string | undefined => (mode === "heatmap" ? between("#ffffff", "#d6563c", high === low ? 1 : (n - low) / (high - low)) : n === high ? "#d6563c" : n === low ? "#6db7c6" : undefined);
  return new Map(columns.map((name) => [name, new Map(table.rows.flatMap((row) => { const value = text(row[table.fields.indexOf(name)]); const found = value === "" ? undefined : paint(Number(value)); return found ? [[value, found] as const] : []; }))]));
}

async function painted(table: Table, formats: readonly Format[], app: string, overlay: string | undefined): Promise<Map<string, Map<string, string>>> {
  const found = overlaid(table, overlay);
  for (const [at, field] of table.fields.entries()) {
    const format = of(formats, field).find(({ type }) => type === "color");
    if (format) found.set(field, await colours(format, table.rows.map((row) => row[at] ?? null), app));
  }
  return found;
}

export function TableView({ visual, ran }: { visual: Visual; ran: Ran }): JSX.Element {
  const stage = useStage();
  const count = Math.max(Number(visual.options.count) || 10, 1);
  const [page, setPage] = useState(0);
  const [sort, setSort] = useState<{ field: string; down: boolean } | undefined>();
  useEffect(() => setPage(0), [ran.sid, ran.post, sort]);
  const post = [ran.post, sort && `sort 0 ${sort.down ? "-" : "+"}${fieldName(sort.field)}`].filter(Boolean).join(" | ");
  const { value, error } = useLoading(
    async (signal) => {
      if (!ran.sid || !ran.done) return undefined;
      const table = await rows(ran.sid, "results", { offset: page * count, count: count + 1, search: post || undefined }, signal); // one more: is there another page?
      const more = table.rows.length > count;
      const shown = { fields: table.fields, rows: table.rows.slice(0, count) };
      const summed = on(visual.options.totalsRow) || on(visual.options.percentagesRow);
      const sums = summed ? await rows(ran.sid, "results", { count: 1, search: [ran.post, "stats sum(*) AS *"].filter(Boolean).join(" | ") }, signal) : undefined;
      return { table: shown, more, sums: sums && totals(sums), paint: await painted(shown, visual.formats, stage.app, visual.options.dataOverlayMode) };
    },
    [ran.sid, ran.done, post, page],
  );
  if (!value) return <Failure error={error} />;
  const { table, more, sums, paint } = value;
  const fields = visual.fields?.filter((name) => table.fields.includes(name)) ?? table.fields.filter((name) => !name.startsWith("_") || name === "_time");
  if (!table.rows.length && !page) return <p class="muted dash-empty">No results found.</p>;
  const wish = visual.options.drilldown ?? "row";
  const clicks = visual.drilldown && wish !== "none";
  const click = (row: Cell[], field: string): void => {
    const local = new Map<string, string>([["click.field", field], ["click.name2", field], ["click.name", fields[0] ?? ""]]);
    table.fields.forEach((name, n) => local.set(`row.${name}`, text(row[n])));
    local.set("click.value", local.get(`row.${fields[0] ?? ""}`) ?? "");
    local.set("click.value2", local.get(`row.${field}`) ?? "");
    void handle(visual.drilldown, local, stage);
  };
  const numbers = numeric(table);
  const numbered = visual.options.rowNumbers === "true";
  return (
    <>
      <Failure error={error} />
      <div class="scroll dash-scroll" tabIndex={0} role="group" aria-label={visual.title || "Table"}>
        <table class={`plain dash-table ${visual.options.wrap === "false" ? "dash-nowrap" : ""}`}>
          <thead>
            <tr>
              {numbered && <th class="number">#</th>}
              {fields.map((name) => (
                <th key={name} class={numbers.has(name) ? "number" : undefined} aria-sort={sort?.field === name ? (sort.down ? "descending" : "ascending") : undefined}>
                  <button type="button" class="cell" onClick={() => setSort(sort?.field === name ? (sort.down ? undefined : { field: name, down: true }) : { field: name, down: false })}>
                    {name}
                    {sort?.field === name ? (sort.down ? " ▾" : " ▴") : ""}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, r) => (
              <tr key={r}>
                {numbered && <td class="number">{page * count + r + 1}</td>}
                {fields.map((name, c) => {
                  const cell = row[table.fields.indexOf(name)] ?? null;
                  const back = paint.get(name)?.get(text(cell));
                  const shown =
                    Array.isArray(cell) && cell[0] === SPARK ? <Sparkline values={cell.slice(1).map(Number)} /> : written(name, cell, of(visual.formats, name));
                  // One button a row where a row is one click; one a cell where cells lead to different places.
                  const button = clicks && (wish === "cell" || c === 0 || cell !== null);
                  return (
                    <td
                      key={name}
                      class={numbers.has(name) ? "number" : typeof shown === "string" && /\S{32}/.test(shown) ? "dash-long" : undefined}
                      ref={(el) => {
                        if (!el) return;
                        el.style.backgroundColor = back ?? "";
                        el.style.color = back ? ink(back) : "";
                      }}
                    >
                      {button ? (
                        <button type="button" class="cell" onClick={() => click(row, name)} aria-label={shown === "" ? `${name}: empty` : undefined}>
                          {shown}
                        </button>
                      ) : (
                        shown
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
          {sums && <Sums fields={fields} sums={sums} numbered={numbered} visual={visual} />}
        </table>
      </div>
      {(page > 0 || more) && (
        <nav class="row dash-pages" aria-label={`Pages of ${visual.title || "the table"}`}>
          <button type="button" class="button small" disabled={!page} onClick={() => setPage(page - 1)}>
            ‹ Prev
          </button>
          <span class="muted">{page + 1}</span>
          <button type="button" class="button small" disabled={!more} onClick={() => setPage(page + 1)}>
            Next ›
          </button>
        </nav>
      )}
    </>
  );
}
