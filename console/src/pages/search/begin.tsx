import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { oneshot, records, text } from "../../jobs";
import { searchUrl } from "../../router";
import { useSession } from "../../session";
import { Code } from "../../spl/code";
import { term } from "../../spl/text";
import { rangeName } from "../../ui/timerange";
import { useLoading } from "../../ui/loading";
import { forget, past } from "./history";

/** What a search page shows before the first search: what there is to search, and what was searched before. */
export function Begin({ app }: { app: string }): JSX.Element {
  return (
    <div class="begin">
      <DataSummary app={app} />
      <History app={app} />
    </div>
  );
}

function DataSummary({ app }: { app: string }): JSX.Element {
  const { value, busy } = useLoading(
    (signal) => oneshot("| tstats count min(_time) AS first max(_time) AS last where index=* by index sourcetype | sort - count", app, {}, {}, signal),
    [app],
  );
  const found = value ? records(value) : [];
  return (
    <section class="panel">
      <header>
        <h2>What there is to search</h2>
      </header>
      {!found.length && !busy ? (
        <div class="body muted">No events yet.</div>
      ) : (
        <div class="scroll begin-list" tabIndex={0} role="region" aria-label="Indexes and source types">
          <table class="plain">
            <thead>
              <tr>
                <th>Index</th>
                <th>Source type</th>
                <th class="number">Events</th>
                <th>Latest</th>
              </tr>
            </thead>
            <tbody>
              {found.map((row, n) => (
                <tr key={n}>
                  <td>{text(row["index"])}</td>
                  <td>
                    <a href={searchUrl(`${term("index", text(row["index"]))} ${term("sourcetype", text(row["sourcetype"]))}`, { app, earliest: "0", latest: "" })}>{text(row["sourcetype"])}</a>
                  </td>
                  <td class="number">{Number(text(row["count"])).toLocaleString("en")}</td>
                  <td class="nowrap">{new Date(Number(text(row["last"])) * 1000).toISOString().slice(0, 19).replace("T", " ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function History({ app }: { app: string }): JSX.Element {
  const { user } = useSession();
  const [filter, setFilter] = useState("");
  const [all, setAll] = useState(() => past(user.username));
  const shown = all.filter(({ search }) => search.toLowerCase().includes(filter.toLowerCase()));
  return (
    <section class="panel">
      <header>
        <h2 class="grow">Search history</h2>
        <input aria-label="Filter the history" placeholder="filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        <button
          type="button"
          class="button small"
          disabled={!all.length}
          onClick={() => {
            forget(user.username);
            setAll([]);
          }}
        >
          Clear
        </button>
      </header>
      <ul class="history begin-list" tabIndex={0} aria-label="Earlier searches">
        {shown.map(({ search, earliest, latest, at }) => (
          <li key={at}>
            <a href={searchUrl(search, { app, earliest, latest })}>
              <Code text={search} />
            </a>
            <span class="muted nowrap">{rangeName({ earliest, latest })}</span>
          </li>
        ))}
        {!shown.length && <li class="muted">{all.length ? "None with that in it." : "Nothing was searched in this browser yet."}</li>}
      </ul>
    </section>
  );
}
