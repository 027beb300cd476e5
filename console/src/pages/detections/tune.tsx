import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { oneshot, records, text, type Range } from "../../jobs";
import { navigate, ROOT } from "../../router";
import { Editor } from "../../spl/editor";
import { knowledgeChanged } from "../../spl/knowledge";
import { term } from "../../spl/text";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import { TimeRange } from "../../ui/timerange";
import { useRun } from "./index";
import { detections, macro as ask, saveMacro, type Detection } from "./saved";

const NOTHING = "search *"; // a filter that takes nothing away
const WAIT = 450; // milliseconds after the last key until the candidate is tried
const MOST = 200;

/** The candidate's and today's verdict on each hit, as the app's own view asks for it. */
function trial(which: Detection, candidate: string): string {
  const unfiltered = which.content.search.replace(/\|\s*`\w+_filter`\s*$/, "").trim();
  const begun = /^[|`[]|^search\s/i.test(unfiltered) ? unfiltered : `search ${unfiltered}`;
  return `${begun}
| streamstats count AS caltrop_row
| appendpipe [\`${which.filter}\` | eval caltrop_now=1]
| appendpipe [where isnull(caltrop_now) | ${candidate} | eval caltrop_then=1]
| eventstats max(caltrop_now) AS caltrop_today max(caltrop_then) AS caltrop_later BY caltrop_row
| where isnull(caltrop_now) AND isnull(caltrop_then)
| eval verdict=case(caltrop_later=1 AND caltrop_today=1, "stays", caltrop_later=1, "comes back", caltrop_today=1, "goes", true(), "is gone already")
| fields - caltrop_now caltrop_then caltrop_today caltrop_later caltrop_row
| table verdict *`;
}

/** The editor of a detection's filter macro; of the first one where none is named. */
export function TunePage({ macro }: { macro: string }): JSX.Element {
  const all = useLoading(detections, []);
  const tunable = (all.value ?? []).filter((d) => d.filter);
  const which = tunable.find((d) => d.filter === macro) ?? (macro ? undefined : tunable[0]);
  return (
    <>
      <div class="page-head">
        <h1>Tune</h1>
        <label class="row">
          Detection
          <select onChange={(event) => navigate(`${ROOT}/console/tune?${new URLSearchParams({ macro: event.currentTarget.value })}`)}>
            {tunable.map((d) => (
              <option key={d.name} value={d.filter} selected={d === which}>
                {d.title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Failure error={all.error} />
      {all.value && !which && <Notice kind="warn">{macro ? `No detection ends in the macro ${macro}.` : "No installed detection ends in a filter macro."}</Notice>}
      {which && <Tuner which={which} key={which.name} />}
    </>
  );
}

function Tuner({ which }: { which: Detection }): JSX.Element {
  const today = useLoading((signal) => ask(which.app, which.filter, signal), [which.filter]);
  const [range, setRange] = useState<Range>({ earliest: "0", latest: "" });
  const [candidate, setCandidate] = useState<string | undefined>();
  const [shown, setShown] = useState<string | undefined>(); // the editor's text, when it changes from outside
  const [tried, setTried] = useState<string | undefined>();
  const [saved, setSaved] = useState("");
  const [error, setError] = useState<unknown>();
  const again = useRun(which);
  useEffect(() => {
    if (today.value !== undefined && candidate === undefined) {
      setCandidate(today.value);
      setShown(today.value);
      setTried(today.value);
    }
  }, [today.value]);
  useEffect(() => {
    const timer = setTimeout(() => candidate?.trim() && setTried(candidate.trim()), WAIT);
    return () => clearTimeout(timer);
  }, [candidate]);
  const preview = useLoading(
    (signal) => (tried === undefined ? Promise.resolve(undefined) : oneshot(trial(which, tried), which.app, range, {}, signal)),
    [tried, range, today.value],
  );
  const put = (next: string): void => {
    setCandidate(next);
    setShown(next);
  };
  const save = (definition: string): void => {
    setError(undefined);
    setSaved("");
    saveMacro(which.app, which.filter, definition).then(() => {
      knowledgeChanged();
      today.again();
      setSaved(definition);
    }, setError);
  };
  const rows = preview.value ? records(preview.value) : [];
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(text(row["verdict"]), (counts.get(text(row["verdict"])) ?? 0) + 1);
  const left = (counts.get("stays") ?? 0) + (counts.get("comes back") ?? 0);
  const exclude = (field: string, value: string): void => {
    const wanted = `search ${term(field, value, false)}`;
    const now = candidate?.trim() ?? NOTHING;
    put(now === NOTHING ? wanted : `${now} | ${wanted}`);
  };
  return (
    <>
      <section class="panel">
        <header>
          <h2 class="grow">
            The filter macro <code>{which.filter}</code>
          </h2>
          <TimeRange range={range} choose={setRange} label="Range of the preview" />
        </header>
        <div class="body stack">
          <p class="muted">
            It holds today: <code>{today.value ?? "…"}</code>. Click a value of a hit below to exclude it.
          </p>
          {shown !== undefined && (
            <div class="framed">
              <Editor label="Candidate filter" value={shown} app={which.app} onChange={setCandidate} onRun={(now) => setTried(now.trim())} fragment />
            </div>
          )}
          <div class="row">
            <button type="button" class="button primary" disabled={!candidate?.trim() || candidate.trim() === today.value} onClick={() => candidate && save(candidate.trim())}>
              Save
            </button>
            <button
              type="button"
              class="button"
              disabled={today.value === NOTHING && candidate === NOTHING}
              onClick={() => {
                put(NOTHING);
                save(NOTHING);
              }}
            >
              Reset
            </button>
            <button type="button" class="button" disabled={again.busy} onClick={() => again.run(range)}>
              {again.busy ? "Running…" : "Dispatch again"}
            </button>
            {saved && <span role="status">Saved.</span>}
          </div>
          <Failure error={error ?? today.error ?? again.error} />
          {again.hits && (
            <Notice {...(again.hits.rows.length ? { kind: "good" as const } : {})}>
              The detection, run with its saved filter: {again.hits.rows.length ? `${again.hits.rows.length} ${again.hits.rows.length === 1 ? "hit" : "hits"}` : "no hit"}.
            </Notice>
          )}
        </div>
      </section>
      <section class="panel">
        <header>
          <h2 class="grow">What would happen to its hits</h2>
          <span class="muted" role="status">
            {preview.busy ? "Trying…" : `${rows.length} hits without a filter`}
          </span>
        </header>
        <div class="body stack">
          <Failure error={preview.error} />
          <div class="row verdicts">
            <Verdict kind="good" name="stay" count={counts.get("stays") ?? 0} />
            <Verdict kind="error" name="go" count={counts.get("goes") ?? 0} />
            <Verdict kind="warn" name="come back" count={counts.get("comes back") ?? 0} />
            <Verdict name="are gone already" count={counts.get("is gone already") ?? 0} />
          </div>
          {rows.length > 0 && left === 0 && <Notice kind="warn">The candidate removes everything that the detection found in this range.</Notice>}
          <div class="scroll" tabIndex={0} role="region" aria-label="Hits and their verdicts">
            <table class="plain verdict-table">
              {preview.value && (
                <thead>
                  <tr>
                    {preview.value.fields.map((field) => (
                      <th key={field}>{field}</th>
                    ))}
                  </tr>
                </thead>
              )}
              <tbody>
                {rows.slice(0, MOST).map((row, n) => (
                  <tr key={n}>
                    {preview.value?.fields.map((field) => (
                      <td key={field}>
                        {field === "verdict" ? (
                          <span class={`tag ${{ stays: "good", goes: "error", "comes back": "warn" }[text(row[field])] ?? ""}`}>{text(row[field])}</span>
                        ) : text(row[field]).length > 120 ? (
                          <pre class="clipped" title={text(row[field]).slice(0, 2000)}>
                            {`${text(row[field]).slice(0, 120)}…`}
                          </pre>
                        ) : (
                          text(row[field]) && (
                            <button type="button" class={text(row[field]).length < 26 ? "cell inline nowrap" : "cell inline"} aria-label={`Exclude ${field} ${text(row[field])}`} onClick={() => exclude(field, text(row[field]))}>
                              {text(row[field])}
                            </button>
                          )
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      </section>
    </>
  );
}

function Verdict({ name, count, kind = "" }: { name: string; count: number; kind?: string }): JSX.Element {
  return (
    <span class={`tag ${kind}`}>
      <strong>{count}</strong> {name}
    </span>
  );
}
