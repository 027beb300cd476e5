import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import { counts, rows, text, version, type Cell, type Job, type Table } from "../../jobs";
import { Grid } from "../../ui/grid";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

interface Props {
  job: Job;
  selected: readonly string[];
  include: (field: string, value: string, include: boolean) => void;
}

const VIEWS = ["list", "raw", "table"] as const;
const PER_PAGE = 20;
const RAW_SHOWN = 2_000; // characters of an event until it is opened

export function Events({ job, selected, include }: Props): JSX.Element {
  const [view, setView] = useState<(typeof VIEWS)[number]>("list");
  const [page, setPage] = useState(0);
  const count = counts(job).events;
  const pages = Math.ceil(count / PER_PAGE);
  useEffect(() => setPage(0), [job.sid]);
  return (
    <div class="events">
      <div class="row events-bar">
        <div class="row" role="group" aria-label="Show events as">
          {VIEWS.map((name) => (
            <button type="button" key={name} class="button small" aria-pressed={view === name} onClick={() => setView(name)}>
              {name[0]?.toUpperCase() + name.slice(1)}
            </button>
          ))}
        </div>
        {view !== "table" && pages > 1 && (
          <nav class="row" aria-label="Pages of events">
            <button type="button" class="button small" disabled={page === 0} onClick={() => setPage(page - 1)}>
              ‹ Prev
            </button>
            <span class="muted">
              {page + 1} of {pages.toLocaleString("en")}
            </span>
            <button type="button" class="button small" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
              Next ›
            </button>
          </nav>
        )}
      </div>
      {view === "table" ? <EventTable job={job} selected={selected} include={include} /> : <List job={job} page={page} raw={view === "raw"} selected={selected} include={include} />}
    </div>
  );
}

function EventTable({ job, selected, include }: Props): JSX.Element {
  const load = useCallback(
    (offset: number, count: number, signal: AbortSignal) => rows(job.sid, "events", { offset, count, f: ["_time", ...selected, "_raw"] }, signal),
    [job.sid, selected],
  );
  return <Grid label="Events as a table" count={counts(job).events} version={version(job)} load={load} onCell={(field, cell) => !field.startsWith("_") && include(field, text(cell), true)} />;
}

function List({ job, page, raw, selected, include }: Props & { page: number; raw: boolean }): JSX.Element {
  const { value, error } = useLoading(
    (signal) => rows(job.sid, "events", { offset: page * PER_PAGE, count: PER_PAGE, ...(raw ? { f: ["_time", "_raw"] } : {}) }, signal),
    [version(job), page, raw],
  );
  return (
    <>
      <Failure error={error} />
      <ol class="event-list" start={page * PER_PAGE + 1}>
        {value?.rows.map((row, n) => <Event key={`${job.sid}-${page}-${n}`} row={row} table={value} raw={raw} selected={selected} include={include} />)}
      </ol>
    </>
  );
}

export function shownTime(iso: string): string {
  return iso.replace("T", " ").replace(/\+00:00$/, "");
}

interface One {
  row: Cell[];
  table: Table;
  raw: boolean;
  selected: readonly string[];
  include: Props["include"];
}

function Event({ row, table, raw, selected, include }: One): JSX.Element {
  const [open, setOpen] = useState(false);
  const of = (field: string): string => text(row[table.fields.indexOf(field)]);
  const whole = of("_raw");
  const body = open || whole.length <= RAW_SHOWN ? whole : `${whole.slice(0, RAW_SHOWN)}…`;
  if (raw) {
    return (
      <li>
        <pre>{whole}</pre>
      </li>
    );
  }
  const fields = table.fields.filter((name) => !name.startsWith("_") && of(name) !== "");
  return (
    <li class="event">
      <button type="button" class="button plain small opener" aria-expanded={open} aria-label={`Fields of the event at ${of("_time")}`} onClick={() => setOpen(!open)}>
        {open ? "▾" : "▸"}
      </button>
      <time dateTime={of("_time")}>{shownTime(of("_time"))}</time>
      <div class="stack event-body">
        <pre class="raw">{body}</pre>
        {!open && (
          <div class="row chips">
            {selected
              .filter((name) => of(name) !== "")
              .map((name) => (
                <span key={name}>
                  <span class="muted">{name} = </span>
                  <button type="button" class="cell inline" title="Include this value" onClick={() => include(name, of(name), true)}>
                    {of(name)}
                  </button>
                </span>
              ))}
          </div>
        )}
        {open && (
          <div class="scroll">
            <table class="plain event-fields">
              <thead>
                <tr>
                  <th>Field</th>
                  <th>Value</th>
                  <th>
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {fields.map((name) =>
                  [row[table.fields.indexOf(name)] ?? ""].flat().map((value, n) => (
                    <tr key={`${name}-${n}`}>
                      <td>{n ? "" : name}</td>
                      <td class="mono">
                        <pre>{value}</pre>
                      </td>
                      <td class="nowrap">
                        <button type="button" class="button plain small" aria-label={`Include ${name} ${value}`} onClick={() => include(name, value, true)}>
                          Include
                        </button>
                        <button type="button" class="button plain small" aria-label={`Exclude ${name} ${value}`} onClick={() => include(name, value, false)}>
                          Exclude
                        </button>
                      </td>
                    </tr>
                  )),
                )}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </li>
  );
}
