/** Small multiples: one table parted into one for each value of a field, or for each of its columns of values. */

import { chartData } from "../../charts/data";
import { text, type Table } from "../../jobs";

export interface Part {
  name: string;
  table: Table;
}

export const MOST_PARTS = 40;

/**
 * By a column of the table, that column's values, each with the other columns; by a field that `timechart` or `chart` made columns of, those:
 * columns that are named `count: web` go together by what stands after the colon. Without a field, by `_aggregation` and where there is no
 * such column, one part for each column of values.
 */
export function parted(table: Table, by: string | undefined, single: boolean): Part[] {
  const at = by ? table.fields.indexOf(by) : -1;
  if (at >= 0) {
    const fields = table.fields.filter((_, n) => n !== at);
    const found = new Map<string, Table>();
    for (const row of table.rows) {
      const name = text(row[at]);
      const part = found.get(name) ?? { fields, rows: [] };
      part.rows.push(row.filter((_, n) => n !== at));
      found.set(name, part);
    }
    return [...found].map(([name, part]) => ({ name, table: part }));
  }
  const timed = table.fields.includes("_time");
  const { axis, series } = chartData(table);
  const columns = single && !timed ? table.fields.filter((name) => !name.startsWith("_")) : series.map(({ name }) => name);
  const kept = single && !timed ? [] : [axis];
  const groups = new Map<string, string[]>();
  const pairs = columns.every((name) => name.includes(": "));
  for (const name of columns) {
    const key = pairs ? (by === "_aggregation" ? name.slice(0, name.indexOf(": ")) : name.slice(name.indexOf(": ") + 2)) : name;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups].map(([name, of]) => {
    const wanted = [...kept, ...of];
    const places = wanted.map((field) => table.fields.indexOf(field));
    return { name, table: { fields: wanted, rows: table.rows.map((row) => places.map((n) => row[n] ?? null)) } };
  });
}
