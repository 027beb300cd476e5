import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { get, post, remove, seg, type Feed } from "../../api";
import { useMay } from "../../session";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { Listing } from "./listing";
import "./server.css";

interface Info {
  serverName: string;
  version: string;
  os_name: string;
  startup_time: number;
}

/** What an administrator looks for: indexes, apps, users, jobs, source types, tokens, messages. The server decides who may change what. */
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
        action={
          apps
            ? {
                label: (row) => (truth(row.content["disabled"]) ? "Enable" : "Disable"),
                run: (row) => post(`apps/local/${seg(row.name)}/${truth(row.content["disabled"]) ? "enable" : "disable"}`),
              }
            : undefined
        }
      />
      <Listing
        title="Users"
        path="authentication/users"
        columns={[
          ["Name", (row) => row.name],
          ["Real name", (row) => row.content["realname"]],
          ["Roles", (row) => [row.content["roles"]].flat().join(", ")],
          ["App", (row) => row.content["defaultApp"]],
        ]}
      />
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
        action={{ label: () => "Delete", run: (row) => remove(`search/v2/jobs/${seg(String(row.content["sid"]))}`) }}
      />
      <Listing
        title="Tokens of the event collector"
        path="data/inputs/http"
        columns={[
          ["Name", (row) => row.name.replace(/^http:\/\//, "")],
          ["Index", (row) => row.content["index"]],
          ["State", (row) => (truth(row.content["disabled"]) ? "disabled" : "enabled")],
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

function NewIndex({ then }: { then: () => void }): JSX.Element | null {
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>();
  if (!useMay("indexes_edit")) return null;
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        setError(undefined);
        post("data/indexes", { name }).then(() => {
          setName("");
          then();
        }, setError);
      }}
    >
      <Failure error={error} />
      <input aria-label="Name of a new index" placeholder="new index" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <button class="button" disabled={!name}>
        Create
      </button>
    </form>
  );
}
