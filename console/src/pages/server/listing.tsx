import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { get, type Arguments, type Entry, type Feed } from "../../api";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

type Row = Entry<Record<string, unknown>>;

interface Action {
  label: (row: Row) => string;
  run: (row: Row) => Promise<unknown>;
}

interface Props {
  title: string;
  path: string;
  args?: Arguments;
  columns: readonly (readonly [string, (row: Row) => unknown])[];
  action?: Action | undefined;
  children?: (again: () => void) => JSX.Element | null;
}

/** The objects of a collection of the API as a table, with one thing to do to each. */
export function Listing({ title, path, args, columns, action, children }: Props): JSX.Element {
  const { value, error, again } = useLoading((signal) => get<Feed>(path, { count: 200, ...args }, { signal }), [path]);
  const [failure, setFailure] = useState<unknown>();
  return (
    <section class="panel">
      <header>
        <h2 class="grow">{title}</h2>
        {children?.(again)}
      </header>
      <Failure error={error ?? failure} />
      <div class="scroll listing" tabIndex={0} role="region" aria-label={title}>
        <table class="plain">
          <thead>
            <tr>
              {columns.map(([name]) => (
                <th key={name}>{name}</th>
              ))}
              {action && (
                <th>
                  <span class="visually-hidden">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {value?.entry.map((row) => (
              <tr key={row.id}>
                {columns.map(([name, show]) => (
                  <td key={name}>{String(show(row) ?? "")}</td>
                ))}
                {action && (
                  <td>
                    <button
                      type="button"
                      class="button small"
                      aria-label={`${action.label(row)} ${row.name}`}
                      onClick={() => {
                        setFailure(undefined);
                        action.run(row).then(again, setFailure);
                      }}
                    >
                      {action.label(row)}
                    </button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {value && !value.entry.length && <p class="body muted">None.</p>}
    </section>
  );
}
