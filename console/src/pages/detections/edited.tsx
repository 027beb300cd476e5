import type { JSX } from "preact";

import { Failure, Notice } from "../../ui/notice";
import { Prose } from "../../ui/prose";
import type { Edited, Editing, Tried, Verdict } from "./content";

const KIND: Record<string, "good" | "error" | "warn"> = { passed: "good", failed: "error", error: "error", skipped: "warn" };

/** What wants a look comes first: what is not valid or failed, then what was saved since its tests ran. */
function urgency({ problems, last }: Edited): number {
  return problems.length || (last && last.status !== "passed") ? 0 : last?.stale ? 1 : 2;
}

/** The detections of the repository that is being edited, with what their tests said last. */
export function EditedPanel({ editing, filter, chosen, choose }: { editing: Editing; filter: string; chosen: string; choose: (file: string) => void }): JSX.Element | null {
  const { content, error } = editing;
  if (!content) return error === undefined ? null : <Failure error={error} />;
  const { running } = content;
  const words = filter.toLowerCase();
  const shown = content.detections.filter((d) => [d.name, d.type, d.file, ...d.techniques, ...d.stories].some((text) => text.toLowerCase().includes(words)));
  const ordered = [...shown].sort((a, b) => urgency(a) - urgency(b));
  const one = content.detections.find((d) => d.file === chosen);
  return (
    <section class="panel" aria-label="Being edited">
      <header>
        <h2 class="grow">
          Being edited <span class="muted mono">{content.root}</span>
        </h2>
        <span class="muted" role="status">
          {running ? `Testing ${running.file || "all"}: ${running.done} judged` : `${content.detections.filter((d) => proved(d)).length} of ${content.detections.length} proved`}
        </span>
        {running ? (
          <button type="button" class="button" onClick={editing.stop}>
            Stop
          </button>
        ) : (
          <>
            <button type="button" class="button" onClick={editing.look}>
              Look again
            </button>
            <button type="button" class="button primary" disabled={!content.detections.length} onClick={() => editing.run("")}>
              Test all
            </button>
          </>
        )}
      </header>
      <Failure error={error} />
      {content.failed && <Notice kind="error">The last run came to no verdict: {content.failed}</Notice>}
      {content.problems.length > 0 && <Notice kind="error">{content.problems.join("\n")}</Notice>}
      {one && <One which={one} editing={editing} close={() => choose("")} />}
      <div class="scroll edited-list" tabIndex={0} role="region" aria-label="Detections being edited">
        <table class="plain">
          <thead>
            <tr>
              <th>Detection</th>
              <th>Type</th>
              <th>Technique</th>
              <th>Last verdict</th>
              <th>
                <span class="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.map((d) => (
              <tr key={d.file}>
                <td>
                  <button type="button" class="cell inline link" onClick={() => choose(d.file)}>
                    {d.name}
                  </button>
                </td>
                <td>{d.type}</td>
                <td>{d.techniques.join(" ")}</td>
                <td>
                  {d.problems.length > 0 && <span class="tag error">not valid</span>} {running && (running.file === d.file || !running.file) ? <span class="tag">running…</span> : <Tag last={d.last} />}
                </td>
                <td>
                  <button type="button" class="button small" aria-label={`Test ${d.name}`} disabled={running !== null} onClick={() => (choose(d.file), editing.run(d.file))}>
                    Test
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Whether the last run proved it as it stands. */
export function proved(d: Edited): boolean {
  return d.last?.status === "passed" && !d.last.stale;
}

function Tag({ last }: { last: Verdict | null }): JSX.Element {
  if (!last) return <span class="muted">not run</span>;
  return (
    <>
      <span class={`tag ${last.stale ? "" : (KIND[last.status] ?? "")}`}>{last.verdict}</span>
      {last.stale && <span class="muted"> saved since</span>}
    </>
  );
}

function One({ which, editing, close }: { which: Edited; editing: Editing; close: () => void }): JSX.Element {
  const { last } = which;
  const running = editing.content?.running ?? null;
  return (
    <div class="body stack" role="region" aria-label={`Tests of ${which.name}`}>
      <div class="row">
        <h3 class="grow">{which.name}</h3>
        <Tag last={last} />
        <button type="button" class="button primary" disabled={running !== null} onClick={() => editing.run(which.file)}>
          {running ? "Testing…" : "Run its tests"}
        </button>
        <button type="button" class="button plain" onClick={close}>
          Close
        </button>
      </div>
      <p class="muted mono">{which.file}</p>
      {which.problems.length > 0 && <Notice kind="error">{which.problems.join("\n")}</Notice>}
      {!last && <p class="muted">{which.tests === 1 ? "One test" : `${which.tests} tests`}, not run yet.</p>}
      {last?.tests.map((test, n) => <Test key={n} test={test} file={which.file} />)}
    </div>
  );
}

/** What a test claimed and what was seen: what failed first, with what explains it; what held below. */
function Test({ test, file }: { test: Tried; file: string }): JSX.Element {
  const held = test.checks.filter((check) => check.passed);
  return (
    <div class="stack">
      <p>
        <span class={`tag ${KIND[test.status] ?? ""}`}>{test.status}</span> <strong>{test.name}</strong>{" "}
        <span class="muted">
          {test.events} events, {test.hits} {test.hits === 1 ? "hit" : "hits"}, {held.length} of {test.checks.length} expectations held, {Math.round(test.milliseconds)} ms
        </span>
      </p>
      {test.error && <Notice kind={test.status === "skipped" ? "warn" : "error"}>{test.error}</Notice>}
      {test.checks
        .filter((check) => !check.passed)
        .map((check, n) => (
          <Notice key={n} kind="error">
            {check.name}: {check.seen}
            <span class="muted mono">{`\n${file}:${check.line || test.line}`}</span>
          </Notice>
        ))}
      {test.why.length > 0 && (
        <Notice kind="warn">
          <Prose text={test.why.join("\n")} />
        </Notice>
      )}
      {held.length > 0 && (
        <details>
          <summary>What held</summary>
          <ul>
            {held.map((check, n) => (
              <li key={n}>
                {check.name}: {check.seen}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
