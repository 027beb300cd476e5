import type { JSX } from "preact";

import { records, text, type Cell, type Table } from "../../jobs";

const LONG = 60; // characters from which a field is a text that others were found in
const SHORT = 3;
const TALL = 2_000; // characters from which a text scrolls in a box of its own

/** The parts of a text that are values of the row's other fields. */
export function marked(whole: string, values: readonly string[]): { text: string; hit: boolean }[] {
  const found = [...new Set(values)].filter((v) => v.length >= SHORT && v.length < whole.length).sort((a, b) => b.length - a.length);
  if (!found.length) return [{ text: whole, hit: false }];
  const pattern = new RegExp(found.map((v) => v.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "gi");
  const out: { text: string; hit: boolean }[] = [];
  let at = 0;
  for (const match of whole.matchAll(pattern)) {
    if (match.index > at) out.push({ text: whole.slice(at, match.index), hit: false });
    out.push({ text: match[0], hit: true });
    at = match.index + match[0].length;
  }
  out.push({ text: whole.slice(at), hit: false });
  return out;
}

function short(row: Record<string, Cell>): string[] {
  return Object.entries(row).flatMap(([name, cell]) => (name.startsWith("_") || cell === null ? [] : [cell].flat().filter((v) => v.length < LONG && !/^\d{1,4}$/.test(v))));
}

const isLong = (cell: Cell): boolean => text(cell).length >= LONG;

/** Hits of a detection, a card each: long fields first, with the values that were found in them marked, then the short ones as facts. */
export function Hits({ table, onValue }: { table: Table; onValue?: (field: string, value: string) => void }): JSX.Element {
  return (
    <ol class="hits" aria-label="Hits">
      {records(table).map((row, n) => {
        const values = short(row);
        const fields = Object.entries(row).filter(([name, cell]) => cell !== null && (!name.startsWith("_") || name === "_time"));
        return (
          <li key={n} class="panel">
            <dl class="hit body">
              {[...fields].sort(([, a], [, b]) => Number(isLong(b)) - Number(isLong(a))).map(([name, cell]) => (
                <div key={name} class={isLong(cell) ? "long" : undefined}>
                  <dt>{name}</dt>
                  <dd>
                    {isLong(cell) ? (
                      <pre {...(text(cell).length > TALL ? { class: "tall", tabIndex: 0, role: "group", "aria-label": name } : {})}>
                        {marked(text(cell), values).map((piece, p) => (piece.hit ? <mark key={p}>{piece.text}</mark> : piece.text))}
                      </pre>
                    ) : onValue && !name.startsWith("_") ? (
                      <button type="button" class="cell inline" title="Exclude this value" onClick={() => onValue(name, text(cell))}>
                        {text(cell)}
                      </button>
                    ) : (
                      text(cell)
                    )}
                  </dd>
                </div>
              ))}
            </dl>
          </li>
        );
      })}
    </ol>
  );
}
