import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Cell, Table } from "../jobs";
import { shown, text } from "../jobs";
import { told } from "./notice";

const HEIGHT = 28; // pixels of a row
const PAGE = 200; // rows that are asked for at once
const SPARE = 10; // rows that are drawn above and below what is seen
const WIDEST = 60; // characters of a column
const KEPT_PAGES = 60;

interface Props {
  label: string;
  count: number;
  /** Rows from an offset; asked for as they come into view, and again when it is another function. */
  load: (offset: number, count: number, signal: AbortSignal) => Promise<Table>;
  /** Rows are asked for anew when it changes; those that are there stay until the others have come. */
  version?: string;
  onCell?: (field: string, cell: Cell, row: Readonly<Record<string, Cell>>, at: HTMLElement) => void;
  sort?: { field: string; down: boolean } | undefined;
  onSort?: (field: string) => void;
  rows?: number; // that are seen at once
  render?: (field: string, cell: Cell) => JSX.Element | string | undefined;
}

/** A table of any length: only the rows in view are in the page, and only those near them are asked for. */
export function Grid({ label, count, load, version = "", onCell, sort, onSort, rows = 20, render }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [pages, setPages] = useState<ReadonlyMap<number, Cell[][]>>(new Map());
  const [fields, setFields] = useState<string[]>([]);
  const [widths, setWidths] = useState<number[]>([]);
  const [numbers, setNumbers] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState("");
  const asked = useRef(new Set<number>());
  const control = useRef(new AbortController());

  const known = useRef("");

  useLayoutEffect(() => {
    known.current = "";
    setPages(new Map());
    setWidths([]);
  }, [load]);
  useLayoutEffect(() => {
    control.current.abort();
    control.current = new AbortController();
    asked.current = new Set();
    setError("");
  }, [load, count, version]);
  useEffect(() => () => control.current.abort(), []);

  const seen = count <= rows * 1.5 ? Math.max(count, 1) : rows; // a few more are no reason to scroll
  const first = Math.max(0, Math.floor(top / HEIGHT) - SPARE);
  const last = Math.min(count, Math.ceil(top / HEIGHT) + seen + SPARE);

  useLayoutEffect(() => {
    const { signal } = control.current;
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) {
      if (asked.current.has(page)) continue;
      asked.current.add(page);
      load(page * PAGE, PAGE, signal).then(
        (found) => {
          if (signal.aborted) return;
          if (found.fields.length) {
            setFields((before) => (before.join("\0") === found.fields.join("\0") ? before : found.fields));
            setWidths((before) => (page && before.length === found.fields.length ? before : measured(found)));
            if (!page) setNumbers(numeric(found));
          }
          setPages((before) => {
            const next = new Map(before).set(page, found.rows);
            for (const old of next.keys()) {
              if (next.size <= KEPT_PAGES) break;
              if (Math.abs(old - page) > KEPT_PAGES / 3) {
                next.delete(old);
                asked.current.delete(old);
              }
            }
            return next;
          });
        },
        (failure: unknown) => !signal.aborted && setError(told(failure)),
      );
    }
  }, [first, last, load, count, version]);

  const template = useMemo(() => `64px ${widths.map((w) => `minmax(${w}ch, ${w > 12 ? w : 12}fr)`).join(" ")}`, [widths]);
  const drawn: JSX.Element[] = [];
  for (let n = first; n < last; n++) {
    const row = pages.get(Math.floor(n / PAGE))?.[n % PAGE];
    drawn.push(
      <div class="grid-row" role="row" aria-rowindex={n + 2} key={n} ref={(el) => place(el, n * HEIGHT, template)}>
        <div class="grid-cell number" role="rowheader">
          {n + 1}
        </div>
        {row
          ? fields.map((field, c) => {
              const cell = row[c] ?? null;
              const plain = Array.isArray(cell) ? cell.join(" · ") : shown(field, cell);
              const rendered = render?.(field, cell);
              return (
                <div class={numbers.has(field) ? "grid-cell right" : "grid-cell"} role="cell" key={field} title={plain.length > 40 ? plain.slice(0, 2000) : undefined}>
                  {onCell && cell !== null ? (
                    <button
                      type="button"
                      class="cell"
                      onClick={(event) => onCell(field, cell, Object.fromEntries(fields.map((f, i) => [f, row[i] ?? null])), event.currentTarget)}
                    >
                      {rendered ?? plain}
                    </button>
                  ) : (
                    (rendered ?? plain)
                  )}
                </div>
              );
            })
          : null}
      </div>,
    );
  }
  return (
    <div
      class="grid"
      role="region"
      aria-label={label}
      tabIndex={0}
      ref={(el) => {
        scroller.current = el;
        el?.style.setProperty("height", `${(seen + 1) * HEIGHT + 18}px`);
      }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      {error && (
        <div class="notice error" role="alert">
          {error}
        </div>
      )}
      <div role="table" aria-label={label} aria-rowcount={count + 1} class="grid-table">
        <div class="grid-row grid-head" role="row" ref={(el) => place(el, undefined, template)}>
          <div class="grid-cell number" role="columnheader">
            #
          </div>
          {fields.map((field) => (
            <div class={numbers.has(field) ? "grid-cell right" : "grid-cell"} role="columnheader" key={field} aria-sort={sort?.field === field ? (sort.down ? "descending" : "ascending") : undefined}>
              {onSort ? (
                <button type="button" class="cell" onClick={() => onSort(field)}>
                  {field}
                  <span aria-hidden="true">{sort?.field === field ? (sort.down ? " ▾" : " ▴") : ""}</span>
                </button>
              ) : (
                field
              )}
            </div>
          ))}
        </div>
        <div role="rowgroup" class="grid-body" ref={(el) => el?.style.setProperty("height", `${count * HEIGHT}px`)}>
          {drawn}
        </div>
      </div>
    </div>
  );
}

function place(row: HTMLElement | null, top: number | undefined, template: string): void {
  if (!row) return;
  if (top !== undefined) row.style.transform = `translateY(${top}px)`;
  row.style.gridTemplateColumns = template;
}

/** Fields with nothing but numbers: they stand at the right, digit below digit. */
export function numeric(table: Table): Set<string> {
  return new Set(
    table.fields.filter((name, n) => {
      const values = table.rows.map((row) => row[n]).filter((cell) => cell !== null && cell !== undefined && cell !== "");
      return !name.startsWith("_") && values.length > 0 && values.every((cell) => typeof cell === "string" && /^-?[\d,]*\.?\d+(?:e[-+]?\d+)?$/i.test(cell));
    }),
  );
}

function measured(table: Table): number[] {
  return table.fields.map((name, n) => {
    let longest = name.length + 3;
    for (const row of table.rows) longest = Math.max(longest, text(row[n]).length + 2);
    return Math.min(longest, WIDEST);
  });
}
