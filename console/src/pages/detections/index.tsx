import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { rows, type Job, type Range, type Table } from "../../jobs";
import { navigate, ROOT, searchUrl, type Place } from "../../router";
import { Code } from "../../spl/code";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import { Prose } from "../../ui/prose";
import { TimeRange } from "../../ui/timerange";
import { useContent, type Edited } from "./content";
import type { Detects } from "./attack";
import { EditedPanel, proved } from "./edited";
import { Hits } from "./hits";
import { Matrix } from "./matrix";
import { change, detections, dispatch, type Detection } from "./saved";
import "./detections.css";

const HITS_SHOWN = 50;

/** What the installed apps detect: list, one of them in full, run now. */
export function DetectionsPage({ here }: { here: Place }): JSX.Element {
  const { value, error, again } = useLoading(detections, []);
  const name = here.query.get("name");
  const asked = here.query.get("search") ?? "";
  const [filter, setFilter] = useState(asked);
  useEffect(() => setFilter(asked), [asked]);
  const file = here.query.get("file") ?? "";
  const editing = useContent(file);
  const all = value ?? [];
  const chosen = all.find((d) => d.name === name) ?? (asked && all.filter((d) => d.name === asked)[0]);
  const detects = useMemo(() => together(value ?? [], editing.content?.detections ?? []), [value, editing.content]);
  const words = filter.toLowerCase();
  const shown = all.filter((d) => [d.name, d.type, ...d.techniques, ...d.stories].some((text) => text.toLowerCase().includes(words)));
  return (
    <>
      <div class="page-head">
        <h1>Detections</h1>
        {value && (
          <span class="muted">
            {all.filter((d) => !d.content.disabled).length} of {all.length} enabled
          </span>
        )}
      </div>
      <Failure error={error} />
      {chosen && <One key={chosen.name} which={chosen} changed={again} />}
      <EditedPanel editing={editing} filter={filter} chosen={file} choose={(one) => navigate(`${ROOT}/console/detections${one && `?${new URLSearchParams({ file: one })}`}`)} />
      {value && !all.length && <Notice>No installed app has detections. Install a package: caltrop serve --app PACKAGE, or on the Server page.</Notice>}
      {detects.length > 0 && <Matrix detections={detects} proving={editing.content !== undefined} />}
      {all.length > 0 && (
        <section class="panel">
          <header>
            <h2 class="grow">All detections</h2>
            <input class="filter" aria-label="Filter by name, type, technique or story" placeholder="Filter: name, type, technique, story" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
          </header>
          <div class="scroll" tabIndex={0} role="region" aria-label="All detections">
            <table class="plain">
              <thead>
                <tr>
                  <th>Detection</th>
                  <th>Type</th>
                  <th>Technique</th>
                  <th>State</th>
                  <th>Schedule</th>
                  <th>App</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((d) => (
                  <tr key={d.name}>
                    <td>
                      <a href={`${ROOT}/console/detections?${new URLSearchParams({ name: d.name })}`}>{d.title}</a>
                    </td>
                    <td>{d.type}</td>
                    <td>{d.techniques.join(" ")}</td>
                    <td>{d.content.disabled ? <span class="tag">disabled</span> : <span class="tag good">enabled</span>}</td>
                    <td class="nowrap">{d.content.cron_schedule}</td>
                    <td>{d.app}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}

/** Installed and edited detections as one list: the same one has the same name in both, and detects what either says. */
function together(installed: readonly Detection[], edited: readonly Edited[]): Detects[] {
  const found = new Map<string, Detects>();
  for (const d of installed) found.set(d.title, { name: d.title, techniques: d.techniques, enabled: !d.content.disabled, proved: false });
  for (const d of edited) {
    const there = found.get(d.name);
    found.set(d.name, { name: d.name, techniques: [...(there?.techniques ?? []), ...d.techniques], enabled: there?.enabled ?? false, proved: proved(d) });
  }
  return [...found.values()];
}

/** Runs a detection and shows what came of it. */
export function useRun(which: Detection | undefined): { run: (range: Range) => void; job: Job | undefined; hits: Table | undefined; error: unknown; busy: boolean } {
  const [state, setState] = useState<{ job?: Job; hits?: Table; error?: unknown; busy: boolean }>({ busy: false });
  const control = useRef(new AbortController());
  useEffect(() => () => control.current.abort(), []);
  const run = (range: Range): void => {
    if (!which) return;
    control.current.abort();
    const { signal } = (control.current = new AbortController());
    setState({ busy: true });
    dispatch(which, range, (job) => !signal.aborted && setState({ job, busy: true }), signal)
      .then(async (job) => {
        if (job.content.isFailed) throw new Error([...(job.content.messages["fatal"] ?? []), ...(job.content.messages["error"] ?? [])].join("\n"));
        const hits = await rows(job.sid, "results", { count: HITS_SHOWN }, signal);
        setState({ job, hits, busy: false });
      })
      .catch((error: unknown) => !signal.aborted && setState({ error, busy: false }));
  };
  return { run, job: state.job, hits: state.hits, error: state.error, busy: state.busy };
}

function One({ which, changed }: { which: Detection; changed: () => void }): JSX.Element {
  const [range, setRange] = useState<Range>({ earliest: "0", latest: "" });
  const [error, setError] = useState<unknown>();
  const [cron, setCron] = useState(which.content.cron_schedule ?? "");
  const { run, job, hits, error: failure, busy } = useRun(which);
  const edit = (settings: Record<string, string>): void => {
    setError(undefined);
    change(which, settings).then(changed, setError);
  };
  return (
    <section class="panel">
      <header>
        <h2 class="grow">{which.title}</h2>
        <span class="tag">{which.type}</span>
        {which.techniques.map((t) => (
          <span class="tag" key={t}>
            {t}
          </span>
        ))}
        <button type="button" class="button plain" onClick={() => navigate(`${ROOT}/console/detections`)}>
          Close
        </button>
      </header>
      <div class="body stack">
        <p>
          <Prose text={which.content.description ?? ""} />
        </p>
        <pre class="spl-block">
          <Code text={which.content.search} />
        </pre>
        <div class="row">
          <TimeRange range={range} choose={setRange} label="Range of the run" />
          <button type="button" class="button primary" disabled={busy} onClick={() => run(range)}>
            {busy ? "Running…" : "Run now"}
          </button>
          <a class="button" href={searchUrl(which.content.search, { app: which.app, ...range })}>
            Open in search
          </a>
          {which.filter && (
            <a class="button" href={`${ROOT}/console/tune?${new URLSearchParams({ app: which.app, macro: which.filter })}`}>
              Tune
            </a>
          )}
          <button type="button" class="button" onClick={() => edit({ disabled: which.content.disabled ? "0" : "1" })}>
            {which.content.disabled ? "Enable" : "Disable"}
          </button>
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              edit({ cron_schedule: cron, is_scheduled: "1" });
            }}
          >
            <input aria-label="Cron schedule" value={cron} onInput={(event) => setCron(event.currentTarget.value)} />
            <button class="button" disabled={!cron || cron === which.content.cron_schedule}>
              Schedule
            </button>
          </form>
        </div>
        <Failure error={error ?? failure} />
        {hits && job && (
          <>
            <Notice {...(hits.rows.length ? { kind: "good" as const } : {})}>
              {hits.rows.length ? `${job.content.resultCount} ${job.content.resultCount === 1 ? "hit" : "hits"}` : "No hit"}
              {(job.content.messages["info"] ?? []).map((line) => `\n${line}`)}
            </Notice>
            <Hits table={hits} />
          </>
        )}
      </div>
    </section>
  );
}
