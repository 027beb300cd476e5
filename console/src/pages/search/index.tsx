import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { address, ns, post } from "../../api";
import { control, counts, messagesOf, useJob, type Job, type Query, type Range, type Watched } from "../../jobs";
import { navigate, ROOT, type Place } from "../../router";
import { useSession } from "../../session";
import { Editor } from "../../spl/editor";
import { asRun, eventsOf, term, withStage, withTerm } from "../../spl/text";
import { Dialog } from "../../ui/dialog";
import { Failure, Notice } from "../../ui/notice";
import { Popover } from "../../ui/popover";
import { Prose } from "../../ui/prose";
import { Tabs } from "../../ui/tabs";
import { TimeRange } from "../../ui/timerange";
import { Begin } from "./begin";
import { Events } from "./events";
import { ALWAYS, Fields, useSummary } from "./fields";
import { remember } from "./history";
import { Pipeline } from "./pipeline";
import { Statistics, Visualization } from "./results";
import { Timeline } from "./timeline";
import "./search.css";

const STAGE_ROWS = 500;
const TABS = ["events", "statistics", "visualization", "pipeline"] as const;
type TabName = (typeof TABS)[number];

interface Asked extends Range {
  search: string;
}

function asked(place: Place): Asked {
  const { query } = place;
  return { search: query.get("q") ?? "", earliest: query.get("earliest") ?? "0", latest: query.get("latest") ?? "" };
}

function addressOf(app: string, { search, earliest, latest }: Asked, more: Record<string, string> = {}): string {
  return `${ROOT}/app/${encodeURIComponent(app)}/search?${new URLSearchParams({ q: search, earliest, latest, ...more })}`;
}

export function SearchPage({ here, app }: { here: Place; app: string }): JSX.Element {
  const { user } = useSession();
  const { search, earliest, latest } = asked(here);
  const [text, setText] = useState(search);
  const [range, setRange] = useState<Range>({ earliest, latest });
  const [round, setRound] = useState(0);
  const [selected, setSelected] = useState<readonly string[]>(ALWAYS);
  useEffect(() => {
    setText(search);
    setRange({ earliest, latest });
    if (search.trim()) remember(user.username, search, { earliest, latest });
  }, [search, earliest, latest]);
  const query = useMemo<Query | undefined>(
    () => (search.trim() ? { search: asRun(search).search, earliest, latest, app, stageRows: STAGE_ROWS } : undefined),
    [search, earliest, latest, app, round],
  );
  const watched = useJob(query);
  const { job } = watched;
  const summary = useSummary(job);
  const known = useMemo(
    () => Object.entries(summary?.fields ?? {}).map(([name, f]) => ({ name, count: f.count, distinct: f.distinct_count })),
    [summary],
  );

  const run = useCallback(
    (wanted: string, within: Range) => {
      if (!wanted.trim()) return;
      const next = { search: wanted.trim(), ...within };
      const same = next.search === search && within.earliest === earliest && within.latest === latest;
      if (same) setRound((n) => n + 1);
      else navigate(addressOf(app, next));
    },
    [search, earliest, latest, app],
  );
  const include = useCallback((field: string, value: string, on: boolean) => run(withTerm(search, term(field, value, on)), { earliest, latest }), [run, search, earliest, latest]);
  const includeRow = useCallback(
    (field: string, value: string, on: boolean) => run(withStage(search, `search ${term(field, value, on)}`), { earliest, latest }),
    [run, search, earliest, latest],
  );
  const select = (field: string, on: boolean): void => setSelected(on ? [...selected, field] : selected.filter((name) => name !== field));

  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const at = event.target instanceof HTMLElement ? event.target : undefined;
      if (event.key !== "/" || at?.closest("input, textarea, select, [contenteditable=true], dialog")) return;
      event.preventDefault();
      bar.current?.querySelector<HTMLElement>(".cm-content")?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  const reporting = Boolean(job?.content.reportSearch);
  const wanted = here.query.get("tab");
  const tab: TabName = TABS.find((t) => t === wanted) ?? (reporting ? "statistics" : "events");
  const show = (name: string, more: Record<string, string> = {}): void => navigate(addressOf(app, { search, earliest, latest }, { tab: name, ...more }), { replace: true });
  const { events, results } = job ? counts(job) : { events: 0, results: 0 };
  const stages = job?.stages?.stages.length ?? 0;

  return (
    <>
      <div class="page-head">
        <h1>Search</h1>
        <span class="muted">app: {app}</span>
        <div class="actions">{job && <SaveAs search={search} range={{ earliest, latest }} app={app} />}</div>
      </div>
      <div class="search-bar" ref={bar}>
        <Editor
          label="Search"
          value={search}
          app={app}
          onChange={setText}
          onRun={(now) => run(now, range)}
          fields={known}
          hint="index=main error | stats count by host"
          autofocus={!search}
        />
        <div class="search-controls">
          <TimeRange
            range={range}
            choose={(chosen) => {
              setRange(chosen);
              if (search.trim() || text.trim()) run(text, chosen);
            }}
          />
          <button type="button" class="button primary" onClick={() => run(text, range)} title="Ctrl-Enter" disabled={!text.trim()}>
            Run
          </button>
        </div>
      </div>
      {query ? (
        <>
          <JobBar watched={watched} query={query} written={search} />
          {job && (
            <section class="panel results">
              <Tabs
                label="Results"
                chosen={tab}
                choose={(name) => show(name)}
                tabs={[
                  { id: "events", label: `Events (${events.toLocaleString("en")})` },
                  { id: "statistics", label: `Statistics${reporting ? ` (${results.toLocaleString("en")})` : ""}` },
                  { id: "visualization", label: "Visualization" },
                  { id: "pipeline", label: `Pipeline (${stages})` },
                ]}
              />
              <div role="tabpanel" aria-labelledby={`tab-${tab}`} class="tab-body">
                {tab === "events" && (
                  <>
                    <Timeline job={job} choose={(chosen) => run(search, chosen)} />
                    <div class="events-and-fields">
                      <Fields summary={summary} selected={selected} select={select} include={include} report={(stage) => run(withStage(eventsOf(search), stage), { earliest, latest })} />
                      <Events job={job} selected={selected} include={include} />
                    </div>
                  </>
                )}
                {tab === "statistics" && <Statistics job={job} include={includeRow} />}
                {tab === "visualization" && <Visualization job={job} kind={here.query.get("chart") ?? ""} choose={(kind) => show("visualization", { chart: kind })} />}
                {tab === "pipeline" && <Pipeline job={job} />}
              </div>
            </section>
          )}
        </>
      ) : (
        <Begin app={app} />
      )}
    </>
  );
}

/** How the search goes: always there and of one height, so that nothing moves while it runs. */
function JobBar({ watched, query, written }: { watched: Watched; query: Query; written: string }): JSX.Element {
  const { job, running } = watched;
  const content = job?.content;
  const messages = messagesOf(watched);
  const serious = messages.filter(({ type }) => type !== "INFO" && type !== "DEBUG");
  const why = content?.isDone && !content.resultCount ? messages.filter(({ type }) => type === "INFO") : [];
  const wrong = !running && (watched.error !== undefined || content?.isFailed);
  // Places are told of the text that the API got: `search ` may stand before what a person wrote.
  const { shift } = asRun(written);
  const placed = (words: string): string => words.replace(/^at 1:(\d+): /, (_, column: string) => `at 1:${Number(column) - shift}: `);
  const progress = running ? (content?.doneProgress ?? 0) : 1;
  return (
    <div class="stack">
      <div class="panel">
        <div class={wrong ? "progress failed" : "progress"} role="progressbar" aria-label="Progress of the search" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(progress * 100)}>
          <div ref={(el) => el?.style.setProperty("width", `${progress * 100}%`)} />
        </div>
        <div class="job-bar row">
          <span class="grow" role="status">
            {describe(watched)}
          </span>
          <button type="button" class="button small" disabled={!running || !job} onClick={() => job && void control(job.sid, "finalize").catch(() => undefined)}>
            Stop
          </button>
          <Share />
          <Popover label="Export ▾" class="button small" align="right">
            {() => (job?.content.isDone && !job.content.isFailed ? <Exports job={job} /> : <p class="pad muted">Nothing to export yet.</p>)}
          </Popover>
        </div>
      </div>
      {serious.map(({ type, text }, n) => (
        <Notice key={`${type}-${n}`} kind={type === "WARN" ? "warn" : "error"}>
          {text}
        </Notice>
      ))}
      {(why.length > 0 || (serious.length > 0 && messages.some(({ type }) => type === "INFO"))) && (
        <Notice>
          {(why.length ? why : messages.filter(({ type }) => type === "INFO")).map(({ text }, n) => (
            <div key={n}>
              <Prose text={placed(text)} />
            </div>
          ))}
        </Notice>
      )}
      <span class="visually-hidden">{query.search}</span>
    </div>
  );
}

function describe({ job, running, error }: Watched): string {
  if (error !== undefined && !job) return "The search was refused.";
  if (!job) return "Starting…";
  const { content } = job;
  const count = (n: number, what: string): string => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  if (running) return `${content.isPaused ? "Paused" : "Running"}: ${Math.round(content.doneProgress * 100)} %, ${count(content.scanCount, "event")} scanned, ${content.eventCount.toLocaleString("en")} found`;
  if (content.isFailed) return "The search failed.";
  const rows = content.reportSearch ? `${count(content.resultCount, "row")} of ${count(content.eventCount, "event")}` : count(content.eventCount, "event");
  return `✓ ${rows}, ${Number(content.runDuration).toFixed(2)} s${content.isFinalized ? ", stopped early" : ""}`;
}

function Share(): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <Popover label="Share ▾" class="button small" align="right">
      {() => (
        <div class="pad stack share">
          <label>
            Address of this search
            <input readOnly value={window.location.href} onFocus={(event) => event.currentTarget.select()} />
          </label>
          <button type="button" class="button small" onClick={() => void navigator.clipboard.writeText(window.location.href).then(() => setCopied(true))}>
            {copied ? "Copied" : "Copy"}
          </button>
        </div>
      )}
    </Popover>
  );
}

function Exports({ job }: { job: Job }): JSX.Element {
  const path = `search/v2/jobs/${encodeURIComponent(job.sid)}/results`;
  const kinds = [
    ["CSV", "csv", "csv"],
    ["JSON", "json", "json"],
    ["Raw events", "raw", "txt"],
  ] as const;
  return (
    <>
      {kinds.map(([name, mode, ending]) => (
        <a class="item" key={mode} href={address(path, { output_mode: mode, count: 0 })} download={`${job.sid}.${ending}`}>
          {name}
        </a>
      ))}
    </>
  );
}

function SaveAs({ search, range, app }: { search: string; range: Range; app: string }): JSX.Element {
  const { user } = useSession();
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<unknown>();
  const [saved, setSaved] = useState("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const name = String(form.get("name")).trim();
    try {
      await post(`${ns(app, user.username)}/saved/searches`, {
        name,
        search,
        description: String(form.get("description")),
        "dispatch.earliest_time": range.earliest,
        "dispatch.latest_time": range.latest || "now",
      });
      setSaved(name);
      setOpen(false);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      {saved && <span role="status">Saved as {saved}.</span>}
      <button
        type="button"
        class="button"
        onClick={() => {
          setError(undefined);
          setOpen(true);
        }}
      >
        Save as report
      </button>
      {open && (
        <Dialog title="Save as report" close={() => setOpen(false)}>
          <form class="stack" onSubmit={submit}>
            <Failure error={error} />
            <label class="stack">
              Name
              <input name="name" required autofocus />
            </label>
            <label class="stack">
              Description
              <input name="description" />
            </label>
            <div class="row">
              <button class="button primary">Save</button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

