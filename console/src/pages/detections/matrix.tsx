import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import { ROOT } from "../../router";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { matrix, techniques, type Covered, type Detects } from "./attack";

/** Tactics as columns, techniques below them: how many detections there are, are enabled and, where a repository is edited, proved. */
export function Matrix({ detections, proving }: { detections: readonly Detects[]; proving: boolean }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="panel" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="matrix-head">
        <h2>ATT&amp;CK matrix</h2>
      </summary>
      {open && <Columns detections={detections} proving={proving} />}
    </details>
  );
}

function Columns({ detections, proving }: { detections: readonly Detects[]; proving: boolean }): JSX.Element {
  const { value: known, error } = useLoading(techniques, []);
  const [every, setEvery] = useState(false);
  const columns = useMemo(() => (known ? matrix(known, detections, every) : []), [known, detections, every]);
  return (
    <div class="body stack">
      <Failure error={error} />
      <div class="row">
        <p class="muted grow">
          Detections of each technique, how many of them are enabled{proving && ", and how many the last run of their tests proved"}. A technique stands under each of its tactics.
        </p>
        <label>
          <input type="checkbox" checked={every} onChange={(event) => setEvery(event.currentTarget.checked)} /> Also what nothing detects
        </label>
      </div>
      <div class="scroll matrix" tabIndex={0} role="region" aria-label="ATT&CK matrix">
        {columns.map(([tactic, cells]) => (
          <section key={tactic} aria-label={tactic}>
            <h3>
              {tactic} <span class="muted">{cells.filter((one) => one.detections).length}</span>
            </h3>
            <ul>
              {cells.map((one) => (
                <Technique key={one.technique.id} one={one} proving={proving} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}

function Technique({ one, proving }: { one: Covered; proving: boolean }): JSX.Element {
  const { technique, detections, enabled, proved } = one;
  const state = !detections ? "none" : proving && proved === detections ? "proved" : enabled || (proving && proved) ? "some" : "idle";
  const told = detections ? [`${detections} ${detections === 1 ? "detection" : "detections"}`, `${enabled} enabled`, ...(proving ? [`${proved} proved`] : [])].join(", ") : "no detection";
  const what = (
    <>
      <strong>{technique.id}</strong> {technique.name}
      <span class="muted counts">{told}</span>
    </>
  );
  return <li class={`technique ${state}`}>{detections ? <a href={`${ROOT}/console/detections?${new URLSearchParams({ search: technique.id })}`}>{what}</a> : what}</li>;
}
