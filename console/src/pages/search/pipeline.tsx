import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import { rows, type Job, type Stage } from "../../jobs";
import { Code } from "../../spl/code";
import { Grid } from "../../ui/grid";

/** Every command of the search with the rows that it gave; the rows of the chosen one below. */
export function Pipeline({ job }: { job: Job }): JSX.Element {
  const stages = job.stages?.stages ?? [];
  const ended = stages.filter((stage) => stage.rows !== null);
  const emptied = stages.find((stage, n) => stage.rows === 0 && (stages[n - 1]?.rows ?? 1) > 0);
  const [chosen, setChosen] = useState<number | undefined>();
  useEffect(() => setChosen(undefined), [job.sid]);
  const shown = stages.find((stage) => stage.number === chosen) ?? emptiedBefore(stages, emptied) ?? ended.at(-1);
  const most = Math.max(1, ...ended.map((stage) => stage.rows ?? 0));
  return (
    <div class="stack pipeline">
      <p class="muted">
        Each command with the rows that it left. A command reads only the fields that the search names, as in the search itself; up to{" "}
        {Math.max(...stages.map((stage) => stage.kept), 100)} rows of each are kept to look at.
      </p>
      <ol class="stages" aria-label="Stages of the search">
        {stages.map((stage, n) => (
          <li key={stage.number}>
            <button type="button" class={stage === emptied ? "stage emptied" : "stage"} aria-pressed={stage === shown} disabled={stage.rows === null} onClick={() => setChosen(stage.number)}>
              <span class="stage-number">{stage.number}</span>
              <Code text={stage.command} />
              <span class="stage-rows">
                {stage.rows === null ? "…" : stage.rows.toLocaleString("en")}
                <span class="muted"> {stage.rows === 1 ? "row" : "rows"}</span>
                <Change stage={stage} before={stages[n - 1]} />
              </span>
              <span class="stage-time muted">{stage.seconds === null ? "" : `${(stage.seconds * 1000).toFixed(stage.seconds < 0.1 ? 1 : 0)} ms`}</span>
              <span class="stage-bar" aria-hidden="true">
                <span ref={(el) => el?.style.setProperty("width", `${(100 * Math.log1p(stage.rows ?? 0)) / Math.log1p(most)}%`)} />
              </span>
            </button>
          </li>
        ))}
      </ol>
      {shown && <StageRows job={job} stage={shown} />}
    </div>
  );
}

function emptiedBefore(stages: readonly Stage[], emptied: Stage | undefined): Stage | undefined {
  return emptied && stages.find((stage) => stage.number === emptied.number - 1);
}

function Change({ stage, before }: { stage: Stage; before: Stage | undefined }): JSX.Element | null {
  if (!before || before.rows === null || stage.rows === null || before.rows === stage.rows) return null;
  const change = stage.rows - before.rows;
  return <span class={change < 0 ? "change down" : "change"}> {change > 0 ? `+${change.toLocaleString("en")}` : `−${(-change).toLocaleString("en")}`}</span>;
}

function StageRows({ job, stage }: { job: Job; stage: Stage }): JSX.Element {
  const load = useCallback(
    (offset: number, count: number, signal: AbortSignal) => rows(job.sid, "stages", { stage: stage.number, offset, count }, signal),
    [job.sid, stage.number],
  );
  return (
    <div class="stack">
      <h2>
        Rows after stage {stage.number}: <Code text={stage.name} />{" "}
        <span class="muted">
          {stage.kept < (stage.rows ?? 0) ? `the first ${stage.kept.toLocaleString("en")} of ${(stage.rows ?? 0).toLocaleString("en")}` : (stage.rows ?? 0).toLocaleString("en")}
        </span>
      </h2>
      {stage.kept ? <Grid label={`Rows after stage ${stage.number}`} count={stage.kept} load={load} rows={12} /> : <p class="muted empty">No row is left after this stage.</p>}
    </div>
  );
}
