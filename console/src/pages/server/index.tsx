import type { JSX } from "preact";
import { Fragment } from "preact";
import { useState } from "preact/hooks";

import { get, post, remove, seg, type Feed } from "../../api";
import { oneshot, text } from "../../jobs";
import { ROOT, searchUrl, type Place } from "../../router";
import { useMay, useSession } from "../../session";
import { term } from "../../spl/text";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { EditRoles, NewIndex, NewToken, NewUser } from "./forms";
import { InstallApp } from "./install";
import { Listing, type Action, type Row } from "./listing";
import "./server.css";

interface Info {
  serverName: string;
  version: string;
  os_name: string;
  startup_time: number;
}

interface Part {
  id: string;
  name: string;
  shows: () => JSX.Element;
}

const PARTS: readonly Part[] = [
  { id: "indexes", name: "Indexes", shows: () => <Indexes /> },
  { id: "apps", name: "Apps", shows: () => <Apps /> },
  { id: "users", name: "Users", shows: () => <Users /> },
  { id: "tokens", name: "Tokens", shows: () => <Tokens /> },
  { id: "jobs", name: "Jobs", shows: () => <Jobs /> },
  { id: "scheduler", name: "Scheduler", shows: () => <SchedulerRuns /> },
  { id: "sourcetypes", name: "Source types", shows: () => <SourceTypes /> },
  { id: "messages", name: "Messages", shows: () => <Messages /> },
];

/** What an administrator looks for: indexes, source types, apps, users, tokens, jobs, runs of the scheduler, messages. The server
 * decides who may change what. */
export function ServerPage({ here }: { here: Place }): JSX.Element {
  const part = PARTS.find(({ id }) => id === here.query.get("part")) ?? (PARTS[0] as Part);
  return (
    <>
      <div class="page-head">
        <h1>Server</h1>
        <About />
      </div>
      <nav class="parts" aria-label="Parts of the server">
        {PARTS.map(({ id, name }) => (
          <a key={id} href={`${ROOT}/console/server?${new URLSearchParams({ part: id })}`} aria-current={id === part.id ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <Fragment key={part.id}>{part.shows()}</Fragment>
    </>
  );
}

function Indexes(): JSX.Element {
  return (
    <Listing
      title="Indexes"
      path="data/indexes"
      columns={[
        ["Name", (row) => <a href={searchUrl(term("index", row.name), { earliest: "0", latest: "" })}>{row.name}</a>],
        ["Events", (row) => Number(row.content["totalEventCount"]), "number"],
        ["MB", (row) => Number(row.content["currentDBSizeMB"]), "number"],
        ["Earliest (UTC)", (row) => when(row.content["minTime"]), "when"],
        ["Latest (UTC)", (row) => when(row.content["maxTime"]), "when"],
      ]}
    >
      {(again) => <NewIndex then={again} />}
    </Listing>
  );
}

function Apps(): JSX.Element {
  const may = useMay("edit_local_apps");
  return (
    <Listing
      title="Apps"
      path="apps/local"
      columns={[
        ["Name", (row) => row.content["label"] || row.name],
        ["Folder", (row) => <span class="mono">{row.name}</span>],
        ["Version", (row) => row.content["version"]],
        ["State", (row) => state(row)],
      ]}
      actions={may ? [toggled("apps/local")] : []}
      above={(again) => <InstallApp then={again} />}
    />
  );
}

function Jobs(): JSX.Element {
  return (
    <Listing
      title="Jobs"
      path="search/jobs"
      columns={[
        ["Search", (row) => <JobSearch row={row} />],
        ["State", (row) => <span class={`tag ${JOB_STATE[String(row.content["dispatchState"])] ?? ""}`}>{String(row.content["dispatchState"]).toLowerCase()}</span>],
        ["Owner", (row) => row.acl.owner],
        ["Started (UTC)", (row) => when(row.content["published"] ?? row.updated), "when"],
        ["Rows", (row) => Number(row.content["resultCount"]), "number"],
        ["Seconds", (row) => Number(row.content["runDuration"]).toFixed(2), "number"],
      ]}
      actions={[{ label: () => "Delete", run: (row) => remove(`search/v2/jobs/${seg(String(row.content["sid"]))}`) }]}
      empty="No job is kept."
    />
  );
}

const JOB_STATE: Record<string, string> = { DONE: "good", FAILED: "error", RUNNING: "warn", PAUSED: "warn" };

/** What a job runs, on two lines, and the same again in the search page. */
function JobSearch({ row }: { row: Row }): JSX.Element {
  const label = String(row.content["label"] ?? "");
  const search = String(row.content["search"] ?? row.content["normalizedSearch"] ?? row.name);
  return (
    <a class="job-search" href={searchUrl(search.replace(/^search (?=\S)/, ""), { app: row.acl.app, earliest: "0", latest: "" })} title={search.slice(0, 2000)}>
      {label || <code>{search}</code>}
    </a>
  );
}

function SourceTypes(): JSX.Element {
  return (
    <Listing
      title="Source types"
      path="saved/sourcetypes"
      args={{ count: 0 }}
      columns={[
        ["Name", (row) => row.name],
        ["App", (row) => row.acl.app],
        ["Line breaks", (row) => row.content["LINE_BREAKER"], "mono"],
        ["Time prefix", (row) => row.content["TIME_PREFIX"], "mono"],
        ["Time format", (row) => row.content["TIME_FORMAT"], "mono"],
        ["Key values", (row) => row.content["KV_MODE"], "mono"],
      ]}
    />
  );
}

function Messages(): JSX.Element {
  return (
    <Listing
      title="Messages"
      path="messages"
      columns={[
        ["Name", (row) => row.name],
        ["Severity", (row) => row.content["severity"]],
        ["Text", (row) => row.content["message"]],
      ]}
      empty="No messages: nothing wants attention."
    />
  );
}

/** A moment of the API as people read it: no zone, which the head of the column says, and no fraction. */
function when(value: unknown): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:?00)$/.exec(String(value ?? ""));
  return found ? `${found[1]} ${found[2]}` : String(value ?? "");
}

function state(row: Row): JSX.Element {
  return truth(row.content["disabled"]) ? <span class="tag">disabled</span> : <span class="tag good">enabled</span>;
}

function truth(value: unknown): boolean {
  return value === true || value === 1 || /^(?:1|true)$/i.test(String(value));
}

/** Enables what is disabled and the other way round. */
function toggled(path: string): Action {
  return {
    label: (row) => (truth(row.content["disabled"]) ? "Enable" : "Disable"),
    run: (row) => post(`${path}/${seg(row.name)}/${truth(row.content["disabled"]) ? "enable" : "disable"}`),
  };
}

const rolesOf = (row: Row): string[] => [row.content["roles"]].flat().map(String);

function Users(): JSX.Element {
  const may = useMay("change_authentication");
  const me = useSession().user.username;
  const [edited, setEdited] = useState<Row | undefined>();
  const actions: Action[] = [
    { label: () => "Roles", run: (row) => Promise.resolve(setEdited(row)) },
    { label: () => "Delete", run: (row) => remove(`authentication/users/${seg(row.name)}`), offered: (row) => row.name !== me, sure: true },
  ];
  return (
    <Listing
      title="Users"
      path="authentication/users"
      columns={[
        ["Name", (row) => row.name],
        ["Real name", (row) => row.content["realname"]],
        ["Roles", (row) => rolesOf(row).join(", ")],
        ["App", (row) => row.content["defaultApp"]],
      ]}
      actions={may ? actions : []}
    >
      {(again) => (
        <>
          <NewUser then={again} />
          {edited && <EditRoles key={edited.name} name={edited.name} has={rolesOf(edited)} close={() => setEdited(undefined)} then={again} />}
        </>
      )}
    </Listing>
  );
}

/** Of the collector as a whole (`http`) only the state is told; it has no token. */
function Tokens(): JSX.Element {
  const may = useMay("edit_token_http");
  const actions: Action[] = [toggled("data/inputs/http"), { label: () => "Delete", run: (row) => remove(`data/inputs/http/${seg(row.name)}`), offered: (row) => row.name !== "http", sure: true }];
  return (
    <Listing
      title="Tokens of the event collector"
      path="data/inputs/http"
      columns={[
        ["Name", (row) => row.name.replace(/^http:\/\//, "")],
        ["Token", (row) => row.content["token"], "mono"],
        ["Index", (row) => row.content["index"]],
        ["State", (row) => state(row)],
      ]}
      actions={may ? actions : []}
    >
      {(again) => <NewToken then={again} />}
    </Listing>
  );
}

const RUNS = "search index=_internal sourcetype=scheduler | head 100 | table _time savedsearch_name app user status run_time result_count";

/** What the scheduler did, of its own log. */
function SchedulerRuns(): JSX.Element {
  const { value, error, busy, again } = useLoading((signal) => oneshot(RUNS, "search", { earliest: "-7d", latest: "now" }, {}, signal), []);
  return (
    <section class="panel">
      <header>
        <h2 class="grow">Runs of the scheduler</h2>
        <button type="button" class="button" disabled={busy} onClick={again}>
          Look again
        </button>
      </header>
      <Failure error={error} />
      {value && value.rows.length > 0 && <div class="scroll listing" tabIndex={0} role="region" aria-label="Runs of the scheduler">
        <table class="plain">
          <thead>
            <tr>
              {["Time (UTC)", "Search", "App", "User", "Status", "Seconds", "Rows"].map((name, n) => (
                <th key={name} class={n > 4 ? "number" : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {value?.rows.map((row, n) => (
              <tr key={n}>
                {row.map((cell, c) => (
                  <td key={c} class={["when", undefined, undefined, undefined, undefined, "number", "number"][c]}>
                    {c === 0 ? when(text(cell)) : text(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>}
      {value && !value.rows.length && <p class="body muted">None in the last seven days. Enable and schedule a detection, and each of its runs stands here.</p>}
    </section>
  );
}

function About(): JSX.Element {
  const { value, error } = useLoading((signal) => get<Feed<Info>>("server/info", {}, { signal }), []);
  const info = value?.entry[0]?.content;
  return (
    <>
      <Failure error={error} />
      {info && (
        <span class="muted">
          {info.serverName} · answers as Splunk {info.version} · {info.os_name} · since {when(new Date(Number(info.startup_time) * 1000).toISOString())} UTC
        </span>
      )}
    </>
  );
}
