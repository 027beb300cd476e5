import { get, type Feed } from "../../api";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";

interface Info {
  serverName: string;
  version: string;
  os_name: string;
  numberOfCores: number;
  startup_time: number;
}

interface Index {
  totalEventCount: number;
  currentDBSizeMB: number;
  minTime: string;
  maxTime: string;
  disabled: boolean;
}

export function ServerPage() {
  return (
    <>
      <div class="page-head">
        <h1>Server</h1>
      </div>
      <About />
      <Indexes />
    </>
  );
}

function About() {
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

function Indexes() {
  const { value, error } = useLoading((signal) => get<Feed<Index>>("data/indexes", { count: 0 }, { signal }), []);
  return (
    <section class="panel">
      <header>
        <h2>Indexes</h2>
      </header>
      <Failure error={error} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Indexes">
        <table class="plain">
          <thead>
            <tr>
              <th>Name</th>
              <th class="number">Events</th>
              <th class="number">MB</th>
              <th>Earliest</th>
              <th>Latest</th>
            </tr>
          </thead>
          <tbody>
            {value?.entry.map(({ name, content }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">{Number(content.totalEventCount).toLocaleString("en")}</td>
                <td class="number">{content.currentDBSizeMB}</td>
                <td>{content.minTime}</td>
                <td>{content.maxTime}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
