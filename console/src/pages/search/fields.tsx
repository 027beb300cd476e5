import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { get } from "../../api";
import { counts, shows, type Job } from "../../jobs";
import { useLoading } from "../../ui/loading";
import { Popover } from "../../ui/popover";

export interface Told {
  count: number;
  distinct_count: number;
  numeric_count: number;
  min?: number;
  max?: number;
  mean?: number;
  modes: { value: string; count: number }[];
}

export interface Summary {
  event_count: number;
  fields: Record<string, Told>;
}

const HIDDEN = new Set(["_raw", "_time", "_cd", "_indextime", "_serial", "_si", "_bkt", "_kv", "_sourcetype", "_subsecond", "punct"]);
export const ALWAYS = ["host", "source", "sourcetype"];
const INTERESTING = 0.2; // of the events have it

/** The fields of a job's events with their commonest values; of one that runs, whenever it has found four times as many. */
export function useSummary(job: Job | undefined): Summary | undefined {
  const failed = job?.content.isFailed ?? false;
  const much = job && !job.content.isDone ? Math.floor(Math.log2(Math.max(counts(job).events, 1)) / 2) : "done";
  return useLoading(
    (signal) =>
      job && shows(job) && !failed
        ? get<Summary>(`search/v2/jobs/${encodeURIComponent(job.sid)}/summary`, { top_count: 10 }, { signal, rank: "later" })
        : Promise.resolve(undefined),
    [job?.sid, job && shows(job), failed, much],
  ).value;
}

interface Props {
  summary: Summary | undefined;
  selected: readonly string[];
  select: (field: string, on: boolean) => void;
  include: (field: string, value: string, include: boolean) => void;
  report: (stage: string) => void;
}

export function Fields({ summary, selected, select, include, report }: Props): JSX.Element {
  const all = Object.entries(summary?.fields ?? {}).filter(([name]) => !HIDDEN.has(name));
  const chosen = selected.flatMap((name) => all.filter(([n]) => n === name));
  const others = all.filter(([name]) => !selected.includes(name)).sort(([a], [b]) => a.localeCompare(b));
  const total = summary?.event_count ?? 0;
  const often = others.filter(([, f]) => f.count >= total * INTERESTING);
  const rare = others.filter(([, f]) => f.count < total * INTERESTING);
  const list = (title: string, fields: [string, Told][]): JSX.Element | null =>
    fields.length ? (
      <section>
        <h2>{title}</h2>
        <ul>
          {fields.map(([name, field]) => (
            <li key={name}>
              <Popover
                class="field"
                align="side"
                label={
                  <>
                    <span class="kind" aria-hidden="true">{field.numeric_count === field.count ? "#" : "a"}</span> <span class="name">{name}</span> <span class="muted">{field.distinct_count.toLocaleString("en")}</span>
                    <span class="visually-hidden"> values</span>
                  </>
                }
              >
                {(close) => (
                  <Values
                    name={name}
                    field={field}
                    total={total}
                    selected={selected.includes(name)}
                    select={(on) => {
                      close();
                      select(name, on);
                    }}
                    include={(value, on) => {
                      close();
                      include(name, value, on);
                    }}
                    report={(stage) => {
                      close();
                      report(stage);
                    }}
                  />
                )}
              </Popover>
            </li>
          ))}
        </ul>
      </section>
    ) : null;
  // On a telephone the events come first: the fields open at a touch.
  const [open, setOpen] = useState(() => window.matchMedia("(min-width: 801px)").matches);
  return (
    <aside class="fields" aria-label="Fields">
      <button type="button" class="button small fields-opener" aria-expanded={open} onClick={() => setOpen(!open)}>
        Fields ({all.length}) {open ? "▴" : "▾"}
      </button>
      {open && list("Selected fields", chosen)}
      {open && list("Interesting fields", often)}
      {open && rare.length > 0 && (
        <details>
          <summary>{rare.length} more fields</summary>
          {list("In fewer than 20 % of events", rare)}
        </details>
      )}
    </aside>
  );
}

function Values({ name, field, total, selected, select, include, report }: {
  name: string;
  field: Told;
  total: number;
  selected: boolean;
  select: (on: boolean) => void;
  include: (value: string, include: boolean) => void;
  report: (stage: string) => void;
}): JSX.Element {
  const quotedName = /^[A-Za-z_][\w.]*$/.test(name) ? name : `"${name.replace(/"/g, '\\"')}"`;
  const share = total ? Math.min(100, (100 * field.count) / total) : 0;
  return (
    <div class="pad stack field-values">
      <div class="row">
        <strong class="grow">{name}</strong>
        <button type="button" class="button small" aria-pressed={selected} onClick={() => select(!selected)}>
          {selected ? "Selected" : "Select"}
        </button>
      </div>
      <div class="muted">
        {field.distinct_count.toLocaleString("en")} values, {share.toFixed(share < 100 && share > 99 ? 2 : 0)} % of events
        {field.numeric_count > 0 && field.min !== undefined && ` · min ${field.min}, max ${field.max}, mean ${Number(field.mean?.toFixed(3))}`}
      </div>
      <div class="row">
        <button type="button" class="button plain small" onClick={() => report(`top limit=20 ${quotedName}`)}>
          Top values
        </button>
        <button type="button" class="button plain small" onClick={() => report(`timechart count by ${quotedName}`)}>
          Over time
        </button>
        <button type="button" class="button plain small" onClick={() => report(`rare limit=20 ${quotedName}`)}>
          Rare values
        </button>
      </div>
      <table class="plain">
        <thead>
          <tr>
            <th>Value</th>
            <th class="number">Count</th>
            <th class="number">%</th>
            <th>
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {field.modes.map(({ value, count }) => (
            <tr key={value}>
              <td>
                <button type="button" class="cell" title={`Include ${value}`} onClick={() => include(value, true)}>
                  {value === "" ? "(empty)" : value}
                </button>
              </td>
              <td class="number">{count.toLocaleString("en")}</td>
              <td class="number">{((100 * count) / Math.max(field.count, 1)).toFixed(1)}</td>
              <td>
                <button type="button" class="button plain small" aria-label={`Exclude ${value}`} onClick={() => include(value, false)}>
                  Exclude
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
