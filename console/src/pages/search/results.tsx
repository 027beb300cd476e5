import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import { Chart, KINDS, type Kind } from "../../charts/chart";
import { counts, rows, text, version, type Job } from "../../jobs";
import { fieldName } from "../../spl/text";
import { Grid } from "../../ui/grid";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

interface Sort {
  field: string;
  down: boolean;
}

/** The rows of a search that ends in a table; a click on a head sorts on the server, over all rows. */
export function Statistics({ job, include }: { job: Job; include: (field: string, value: string, include: boolean) => void }): JSX.Element {
  const [sort, setSort] = useState<Sort | undefined>();
  useEffect(() => setSort(undefined), [job.sid]);
  const load = useCallback(
    (offset: number, count: number, signal: AbortSignal) =>
      rows(job.sid, "results_preview", { offset, count, search: sort && `sort 0 ${sort.down ? "-" : "+"}${fieldName(sort.field)}` }, signal),
    [job.sid, sort],
  );
  const count = counts(job).results;
  if (!count) return <p class="muted empty">{job.content.isDone ? "No results found." : "Waiting for rows…"}</p>;
  return (
    <Grid
      label="Results"
      count={count}
      version={version(job)}
      load={load}
      sort={sort}
      onSort={(field) => setSort(sort?.field === field ? (sort.down ? undefined : { field, down: true }) : { field, down: false })}
      onCell={(field, cell) => include(field, text(cell), true)}
    />
  );
}

const MOST_DRAWN = 10_000;
const STACKED = { stack: "stacked" } as const;
const PLAIN = {};

export function Visualization({ job, kind, choose }: { job: Job; kind: string; choose: (kind: Kind) => void }): JSX.Element {
  const [stacked, setStacked] = useState(false);
  const { value, error } = useLoading((signal) => rows(job.sid, "results_preview", { count: MOST_DRAWN }, signal), [version(job)]);
  const fitting: Kind = value?.fields[0] === "_time" ? "line" : value && value.rows.length === 1 && value.fields.length === 1 ? "single" : "column";
  const chosen = KINDS.find((k) => k === kind) ?? fitting;
  return (
    <div class="stack visualization">
      <div class="row" role="group" aria-label="Kind of chart">
        {KINDS.map((name) => (
          <button type="button" key={name} class="button small" aria-pressed={chosen === name} onClick={() => choose(name)}>
            {name[0]?.toUpperCase() + name.slice(1)}
          </button>
        ))}
        <label class="row">
          <input type="checkbox" checked={stacked} onChange={(event) => setStacked(event.currentTarget.checked)} /> Stacked
        </label>
      </div>
      <Failure error={error} />
      {value && (value.rows.length ? <Chart kind={chosen} table={value} style={stacked ? STACKED : PLAIN} label={`${chosen} chart of the results`} height={380} /> : <p class="muted empty">No results to draw.</p>)}
    </div>
  );
}
