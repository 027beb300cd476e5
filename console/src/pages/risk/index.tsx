import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { oneshot, records, text, type Range } from "../../jobs";
import { ROOT, searchUrl } from "../../router";
import { quoted } from "../../spl/text";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { TimeRange } from "../../ui/timerange";
import "./risk.css";

const SCORED = "index=risk | eval score=tonumber(coalesce(calculated_risk_score, risk_score))";

interface Column {
  field: string;
  head: string;
  kind?: "number" | "when" | "severity" | "detection";
}

interface Listed {
  title: string;
  search: string;
  range: Range;
  columns: readonly Column[];
  empty: string;
  chosen?: string | undefined; // the row whose first field is this
  onRow?: (row: Record<string, string>) => void;
}

const SEVERITY: Record<string, string> = { critical: "error", high: "error", medium: "warn", low: "good", informational: "" };

/** Entities by their risk, the events behind one of them, and the notables. */
export function RiskPage(): JSX.Element {
  const [range, setRange] = useState<Range>({ earliest: "0", latest: "" });
  const [entity, setEntity] = useState<string | undefined>();
  return (
    <>
      <div class="page-head">
        <h1>Risk</h1>
        <div class="actions">
          <TimeRange range={range} choose={setRange} />
        </div>
      </div>
      <Rows
        title="Entities by score"
        search={`search ${SCORED} | stats sum(score) AS score dc(search_name) AS detections count AS events max(_time) AS last BY risk_object risk_object_type | sort 0 - score | eval last=strftime(last, "%F %T")`}
        range={range}
        columns={[
          { field: "risk_object", head: "Entity" },
          { field: "risk_object_type", head: "Type" },
          { field: "score", head: "Risk score", kind: "number" },
          { field: "detections", head: "Detections", kind: "number" },
          { field: "events", head: "Risk events", kind: "number" },
          { field: "last", head: "Latest (UTC)", kind: "when" },
        ]}
        chosen={entity}
        empty="No risk events in this range. Run a detection, or enable one."
        onRow={(row) => setEntity(row["risk_object"])}
      />
      {entity !== undefined && (
        <Rows
          title={`Risk events of ${entity}`}
          search={`search ${SCORED} | search risk_object=${quoted(entity)} | sort 0 - _time | eval time=strftime(_time, "%F %T") | table time search_name score risk_message`}
          range={range}
          columns={[
            { field: "time", head: "Time (UTC)", kind: "when" },
            { field: "search_name", head: "Detection", kind: "detection" },
            { field: "score", head: "Score", kind: "number" },
            { field: "risk_message", head: "Message" },
          ]}
          empty="None in this range."
        />
      )}
      <Rows
        title="Notables"
        search={'search index=notable | sort 0 - _time | eval time=strftime(_time, "%F %T"), severity=coalesce(severity, urgency) | table time severity search_name rule_title'}
        range={range}
        columns={[
          { field: "time", head: "Time (UTC)", kind: "when" },
          { field: "severity", head: "Severity", kind: "severity" },
          { field: "rule_title", head: "Title" },
          { field: "search_name", head: "Detection", kind: "detection" },
        ]}
        empty="No notables in this range."
      />
    </>
  );
}

function Rows({ title, search, range, columns, empty, chosen, onRow }: Listed): JSX.Element {
  const { value, error, busy } = useLoading((signal) => oneshot(search, "search", range, {}, signal), [search, range]);
  const rows = (value ? records(value) : []).map((row) => Object.fromEntries(columns.map(({ field }) => [field, text(row[field])])));
  const first = columns[0]?.field ?? "";
  return (
    <section class="panel">
      <header>
        <h2 class="grow">
          {title} {rows.length > 0 && <span class="muted count">{rows.length.toLocaleString("en")}</span>}
        </h2>
        <a href={searchUrl(search, range)}>Open in search</a>
      </header>
      <Failure error={error} />
      {!rows.length ? (
        <p class="body muted" role="status">
          {busy ? "Searching…" : empty}
        </p>
      ) : (
        <div class="scroll risk-rows" tabIndex={0} role="region" aria-label={title}>
          <table class="plain">
            <thead>
              <tr>
                {columns.map(({ field, head, kind }) => (
                  <th key={field} class={kind === "number" ? "number" : undefined}>
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, n) => (
                <tr key={n} class={chosen !== undefined && row[first] === chosen ? "chosen" : undefined}>
                  {columns.map((column) => (
                    <td key={column.field} class={column.kind === "number" || column.kind === "when" ? column.kind : undefined}>
                      {onRow && column.field === first ? (
                        <button type="button" class="cell inline" aria-pressed={row[first] === chosen} onClick={() => onRow(row)}>
                          {row[first]}
                        </button>
                      ) : (
                        <Value kind={column.kind} value={row[column.field] ?? ""} />
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Value({ kind, value }: { kind: Column["kind"]; value: string }): JSX.Element {
  if (kind === "severity") return <span class={`tag ${SEVERITY[value] ?? ""}`}>{value || "none"}</span>;
  if (kind === "detection") return <a href={`${ROOT}/console/detections?${new URLSearchParams({ search: value })}`}>{value.replace(/ - Rule$/, "").replace(/^[^-]+ - /, "")}</a>;
  return <>{value}</>;
}
