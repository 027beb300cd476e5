import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { get, type Arguments, type Entry, type Feed } from "../../api";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

export type Row = Entry<Record<string, unknown>>;

export interface Action {
  label: (row: Row) => string;
  run: (row: Row) => Promise<unknown>;
  offered?: (row: Row) => boolean; // where it is left out, always
  sure?: boolean; // what cannot be undone is asked for twice
}

interface Props {
  title: string;
  path: string;
  args?: Arguments;
  /** Head, what stands in the cell, and how: `number` at the right with separators, `when` and `mono` by style. */
  columns: readonly (readonly [head: string, show: (row: Row) => unknown, kind?: "number" | "when" | "mono"])[];
  actions?: readonly Action[];
  empty?: string;
  above?: (again: () => void) => JSX.Element | null; // between the head and the table
  children?: (again: () => void) => JSX.Element | null;
}

function shown(value: unknown): ComponentChildren {
  if (typeof value === "object" && value !== null) return value as JSX.Element;
  return typeof value === "number" && Number.isFinite(value) ? value.toLocaleString("en") : String(value ?? "");
}

/** The objects of a collection of the API as a table, with what can be done to each. */
export function Listing({ title, path, args, columns, actions = [], empty = "None.", above, children }: Props): JSX.Element {
  const { value, error, again } = useLoading((signal) => get<Feed>(path, { count: 200, ...args }, { signal }), [path]);
  const [failure, setFailure] = useState<unknown>();
  const [asked, setAsked] = useState("");
  const act = (action: Action, row: Row, key: string): void => {
    setFailure(undefined);
    if (action.sure && asked !== key) return setAsked(key);
    setAsked("");
    action.run(row).then(again, setFailure);
  };
  return (
    <section class="panel">
      <header>
        <h2 class="grow">{title}</h2>
        {children?.(again)}
      </header>
      <Failure error={error ?? failure} />
      {above?.(again)}
      {value && value.entry.length > 0 && <div class="scroll listing" tabIndex={0} role="region" aria-label={title}>
        <table class="plain">
          <thead>
            <tr>
              {columns.map(([name, , kind]) => (
                <th key={name} class={kind === "number" ? kind : undefined}>
                  {name}
                </th>
              ))}
              {actions.length > 0 && (
                <th>
                  <span class="visually-hidden">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {value?.entry.map((row) => (
              <tr key={row.id}>
                {columns.map(([name, show, kind]) => (
                  <td key={name} class={kind}>
                    {shown(show(row))}
                  </td>
                ))}
                {actions.length > 0 && (
                  <td class="nowrap">
                    {actions.map((action, n) => {
                      const key = `${n} ${row.id}`;
                      const label = asked === key ? `Really ${action.label(row).toLowerCase()}?` : action.label(row);
                      return action.offered?.(row) === false ? null : (
                        <button key={n} type="button" class={`button small ${asked === key ? "danger" : ""}`} aria-label={`${label} ${row.name}`} onClick={() => act(action, row, key)}>
                          {label}
                        </button>
                      );
                    })}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>}
      {value && !value.entry.length && <p class="body muted">{empty}</p>}
    </section>
  );
}
