import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Sparkline } from "../../charts/chart";
import { rows, text, type Cell, type Table } from "../../jobs";
import { fieldName } from "../../spl/text";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { handle } from "./actions";
import { colours, ink } from "./colours";
import { useStage, type Ran } from "./searches";
import type { Format, Visual } from "./view";

const SPARK = "##__SPARKLINE__##";

function written(cell: Cell, formats: readonly Format[]): string {
  const plain = Array.isArray(cell) ? cell.join("\n") : text(cell);
  const format = formats.find(({ type }) => type === "number");
  const n = Number(plain);
  if (!format || plain === "" || !Number.isFinite(n)) return plain;
  const { precision = "2", useThousandSeparators = "true", unit = "", unitPosition = "after" } = format.options;
  const digits = Math.min(Number(precision), 20);
  const number = n.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: useThousandSeparators !== "false" });
  return unitPosition === "before" ? `${unit} ${number}` : `${number} ${unit}`.trim();
}

const of = (formats: readonly Format[], field: string): Format[] => formats.filter((one) => one.field === undefined || one.field === field);

async function painted(table: Table, formats: readonly Format[], app: string): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>();
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
      return { table: shown, more, paint: await painted(shown, visual.formats, stage.app) };
    },
    [ran.sid, ran.done, post, page],
  );
  if (!value) return <Failure error={error} />;
  const { table, more, paint } = value;
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
  const numbered = visual.options.rowNumbers === "true";
  return (
    <>
      <Failure error={error} />
      <div class="scroll" tabIndex={0} role="group" aria-label={visual.title || "Table"}>
        <table class={`plain dash-table ${visual.options.wrap === "false" ? "dash-nowrap" : ""}`}>
          <thead>
            <tr>
              {numbered && <th class="number">#</th>}
              {fields.map((name) => (
                <th key={name} aria-sort={sort?.field === name ? (sort.down ? "descending" : "ascending") : undefined}>
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
                    Array.isArray(cell) && cell[0] === SPARK ? <Sparkline values={cell.slice(1).map(Number)} /> : written(cell, of(visual.formats, name));
                  // One button a row where a row is one click; one a cell where cells lead to different places.
                  const button = clicks && (wish === "cell" || c === 0 || cell !== null);
                  return (
                    <td
                      key={name}
                      class={typeof shown === "string" && /^-?[\d,]+(?:\.\d+)?$/.test(shown) ? "number" : ""}
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
