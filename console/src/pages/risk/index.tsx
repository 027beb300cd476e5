import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { oneshot, records, text, type Range } from "../../jobs";
import { searchUrl } from "../../router";
import { quoted } from "../../spl/text";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { TimeRange } from "../../ui/timerange";

const SCORED = "index=risk | eval score=tonumber(coalesce(calculated_risk_score, risk_score))";

interface Listed {
  title: string;
  search: string;
  range: Range;
  fields: readonly string[];
  empty: string;
  onRow?: (row: Record<string, string>) => void;
}

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
        fields={["risk_object", "risk_object_type", "score", "detections", "events", "last"]}
        empty="No risk events in this range. Run a detection, or enable one."
        onRow={(row) => setEntity(row["risk_object"])}
      />
      {entity !== undefined && (
        <Rows
          title={`Risk events of ${entity}`}
          search={`search ${SCORED} | search risk_object=${quoted(entity)} | sort 0 - _time | eval time=strftime(_time, "%F %T") | table time search_name score risk_message`}
          range={range}
          fields={["time", "search_name", "score", "risk_message"]}
          empty="None in this range."
        />
      )}
      <Rows
        title="Notables"
        search={'search index=notable | sort 0 - _time | eval time=strftime(_time, "%F %T"), severity=coalesce(severity, urgency) | table time search_name rule_title severity'}
        range={range}
        fields={["time", "search_name", "rule_title", "severity"]}
        empty="No notables in this range."
      />
    </>
  );
}

function Rows({ title, search, range, fields, empty, onRow }: Listed): JSX.Element {
  const { value, error, busy } = useLoading((signal) => oneshot(search, "search", range, {}, signal), [search, range]);
  const rows = (value ? records(value) : []).map((row) => Object.fromEntries(fields.map((field) => [field, text(row[field])])));
  return (
    <section class="panel">
      <header>
        <h2 class="grow">{title}</h2>
        <a href={searchUrl(search, range)}>Open in search</a>
      </header>
      <Failure error={error} />
      {!rows.length ? (
        <p class="body muted" role="status">
          {busy ? "Searching…" : empty}
        </p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table class="plain">
            <thead>
              <tr>
                {fields.map((field) => (
                  <th key={field}>{field}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, n) => (
                <tr key={n}>
                  {fields.map((field, f) => (
                    <td key={field}>
                      {onRow && !f ? (
                        <button type="button" class="cell inline" onClick={() => onRow(row)}>
                          {row[field]}
                        </button>
                      ) : (
                        row[field]
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
