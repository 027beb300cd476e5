import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { get, post, remove, seg, type Feed } from "../../api";
import { oneshot, text } from "../../jobs";
import { useMay, useSession } from "../../session";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { EditRoles, NewApp, NewIndex, NewToken, NewUser } from "./forms";
import { Listing, type Action, type Row } from "./listing";
import "./server.css";

interface Info {
  serverName: string;
  version: string;
  os_name: string;
  startup_time: number;
}

/** What an administrator looks for: indexes, source types, apps, users, tokens, jobs, runs of the scheduler, messages. The server
 * decides who may change what. */
export function ServerPage(): JSX.Element {
  const apps = useMay("edit_local_apps");
  return (
    <>
      <div class="page-head">
        <h1>Server</h1>
      </div>
      <About />
      <Listing
        title="Indexes"
        path="data/indexes"
        columns={[
          ["Name", (row) => row.name],
          ["Events", (row) => Number(row.content["totalEventCount"]).toLocaleString("en")],
          ["MB", (row) => row.content["currentDBSizeMB"]],
          ["Earliest", (row) => row.content["minTime"]],
          ["Latest", (row) => row.content["maxTime"]],
        ]}
      >
        {(again) => <NewIndex then={again} />}
      </Listing>
      <Listing
        title="Apps"
        path="apps/local"
        columns={[
          ["Name", (row) => row.name],
          ["Label", (row) => row.content["label"]],
          ["Version", (row) => row.content["version"]],
          ["State", (row) => (truth(row.content["disabled"]) ? "disabled" : "enabled")],
        ]}
        actions={apps ? [toggled("apps/local")] : []}
      >
        {(again) => <NewApp then={again} />}
      </Listing>
      <Users />
      <Tokens />
      <Listing
        title="Jobs"
        path="search/jobs"
        columns={[
          ["Search", (row) => row.content["label"] || row.content["normalizedSearch"]],
          ["State", (row) => row.content["dispatchState"]],
          ["Owner", (row) => row.acl.owner],
          ["Rows", (row) => row.content["resultCount"]],
          ["Seconds", (row) => row.content["runDuration"]],
        ]}
        actions={[{ label: () => "Delete", run: (row) => remove(`search/v2/jobs/${seg(String(row.content["sid"]))}`) }]}
      />
      <SchedulerRuns />
      <Listing
        title="Source types"
        path="saved/sourcetypes"
        args={{ count: 0 }}
        columns={[
          ["Name", (row) => row.name],
          ["App", (row) => row.acl.app],
          ["Line breaks", (row) => row.content["LINE_BREAKER"]],
          ["Time prefix", (row) => row.content["TIME_PREFIX"]],
          ["Time format", (row) => row.content["TIME_FORMAT"]],
          ["Key values", (row) => row.content["KV_MODE"]],
        ]}
      />
      <Listing
        title="Messages"
        path="messages"
        columns={[
          ["Name", (row) => row.name],
          ["Severity", (row) => row.content["severity"]],
          ["Text", (row) => row.content["message"]],
        ]}
      />
    </>
  );
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
        ["Token", (row) => row.content["token"]],
        ["Index", (row) => row.content["index"]],
        ["State", (row) => (truth(row.content["disabled"]) ? "disabled" : "enabled")],
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
      <div class="scroll listing" tabIndex={0} role="region" aria-label="Runs of the scheduler">
        <table class="plain">
          <thead>
            <tr>
              {["Time", "Search", "App", "User", "Status", "Seconds", "Rows"].map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {value?.rows.map((row, n) => (
              <tr key={n}>
                {row.map((cell, c) => (
                  <td key={c}>{text(cell)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {value && !value.rows.length && <p class="body muted">None in the last seven days.</p>}
    </section>
  );
}

function About(): JSX.Element {
  const { value, error } = useLoading((signal) => get<Feed<Info>>("server/info", {}, { signal }), []);
  const info = value?.entry[0]?.content;
  return (
    <section class="panel">
      <header>
        <h2>About</h2>
      </header>
      <div class="body">
        <Failure error={error} />
        {info && (
          <dl class="facts">
            <dt>Name</dt>
            <dd>{info.serverName}</dd>
            <dt>Answers as Splunk</dt>
            <dd>{info.version}</dd>
            <dt>System</dt>
            <dd>{info.os_name}</dd>
            <dt>Started</dt>
            <dd>{new Date(Number(info.startup_time) * 1000).toISOString()}</dd>
          </dl>
        )}
      </div>
    </section>
  );
}
