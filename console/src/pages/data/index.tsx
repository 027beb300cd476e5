import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { get, post, upload, type Feed } from "../../api";
import { searchUrl } from "../../router";
import { useMay } from "../../session";
import { Dropped } from "../../ui/dropped";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import "./data.css";

interface Previewed {
  rows: { time: string | null; raw: string; lines: number; host: string; source: string; sourcetype: string }[];
  more: boolean;
  problems: string[];
}

interface Indexed {
  events: number;
  index: string;
  problems: string[];
}

/** A name for an index, out of a file's name: lower-case letters, digits, `_` and `-`. */
function indexName(file: string): string {
  const plain = file.replace(/\.\w+$/, "").toLowerCase().replace(/[^a-z0-9_-]+/g, "_").replace(/^[_-]+|[_-]+$/g, "");
  return plain || "dropped";
}

/** The name, with a number behind it where it is taken. */
function apart(name: string, taken: readonly string[], between: string): string {
  let found = name;
  for (let n = 2; taken.includes(found); n++) found = `${name}${between}${n}`;
  return found;
}

function beside(before: readonly Held[], file: File): readonly Held[] {
  const title = apart(file.name, before.map((one) => one.title), " ");
  const index = apart(indexName(file.name), before.map((one) => one.index), "_"); // two files do not go into one index by chance
  return [...before, { key: held++, file, title, index }];
}

interface Held {
  key: number;
  file: File;
  title: string; // its name, numbered where there are two of one name
  index: string; // as it is proposed
}

let held = 0;

export function DataPage(): JSX.Element {
  const [files, setFiles] = useState<readonly Held[]>([]);
  const may = useMay("edit_tcp");
  if (!may) {
    return (
      <>
        <h1>Data</h1>
        <Notice kind="warn">Your roles do not let you send events (edit_tcp).</Notice>
      </>
    );
  }
  const take = (more: readonly File[]): void =>
    setFiles((before) => more.reduce(beside, before));
  return (
    <>
      <div class="page-head">
        <h1>Data</h1>
        <span class="muted">See how a file becomes events, then index it.</span>
      </div>
      <Dropped label="File" button="Choose files" many take={take}>
        <p>
          <strong>Drop files here:</strong> logs, CSV, JSON, EVTX, archives of them.
        </p>
        <p class="muted">Nothing is indexed until you say so.</p>
      </Dropped>
      {files.map(({ key, file, title, index }) => (
        <Loaded file={file} title={title} proposed={index} close={() => setFiles((before) => before.filter((one) => one.key !== key))} key={key} />
      ))}
    </>
  );
}

function Loaded({ file, title, proposed, close }: { file: File; title: string; proposed: string; close: () => void }): JSX.Element {
  const [given, setGiven] = useState({ sourcetype: "", source: "", host: "" });
  const [asked, setAsked] = useState(given);
  const [index, setIndex] = useState(proposed);
  const [indexed, setIndexed] = useState<Indexed | undefined>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const mayCreate = useMay("indexes_edit");
  const args = { name: file.name, sourcetype: asked.sourcetype || undefined, source: asked.source || undefined, host: asked.host || undefined };
  const preview = useLoading((signal) => upload<Previewed>("caltrop/upload", { ...args, preview: 1 }, file, { signal }), [asked]);
  const indexes = useLoading((signal) => get<Feed>("data/indexes", { count: 0 }, { signal }), []);
  const types = [...new Set(preview.value?.rows.map((row) => row.sourcetype))];
  const add = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      if (!indexes.value?.entry.some(({ name }) => name === index)) await post("data/indexes", { name: index });
      setIndexed(await upload<Indexed>("caltrop/upload", { ...args, index }, file));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const field = (name: keyof typeof given, label: string, hint: string): JSX.Element => (
    <label class="stack-tight">
      {label}
      <input value={given[name]} placeholder={hint} onInput={(event) => setGiven({ ...given, [name]: event.currentTarget.value })} onChange={(event) => setAsked({ ...given, [name]: event.currentTarget.value })} />
    </label>
  );
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2 class="grow">{title}</h2>
        <span class="muted">{(file.size / 1024).toLocaleString("en", { maximumFractionDigits: 1 })} kB</span>
        <button type="button" class="button plain small" aria-label={`Put ${title} away`} onClick={close}>
          ✕
        </button>
      </header>
      <div class="body stack">
        <div class="row data-form">
          {field("sourcetype", "Source type", types[0] ?? "as recognised")}
          {field("source", "Source", preview.value?.rows[0]?.source ?? file.name)}
          {field("host", "Host", preview.value?.rows[0]?.host ?? "")}
          <label class="stack-tight">
            Index
            <input list={`indexes-${proposed}`} value={index} required pattern="[a-z0-9_\-]+" onInput={(event) => setIndex(event.currentTarget.value)} />
            <datalist id={`indexes-${proposed}`}>
              {indexes.value?.entry.map(({ name }) => (
                <option value={name} key={name} />
              ))}
            </datalist>
          </label>
          <button type="button" class="button primary" disabled={busy || !index || !preview.value?.rows.length} onClick={() => void add()}>
            {busy ? "Indexing…" : "Index"}
          </button>
        </div>
        {!mayCreate && <p class="muted">You may not create indexes: choose one that is there.</p>}
        <Failure error={error ?? preview.error} />
        {indexed && (
          <Notice kind="good">
            {indexed.events.toLocaleString("en")} events are in the index {indexed.index}. <a href={searchUrl(`index=${indexed.index}`, { earliest: "0", latest: "" })}>Search them</a>
          </Notice>
        )}
        {[...(preview.value?.problems ?? []), ...(indexed?.problems ?? [])].map((problem, n) => (
          <Notice kind="warn" key={n}>
            {problem}
          </Notice>
        ))}
        {preview.busy && !preview.value && <p class="muted">Reading…</p>}
        {preview.value && (
          <>
            <p class="muted" role="status">
              {preview.value.more ? `The first ${preview.value.rows.length} events` : `${preview.value.rows.length} events`}, source type {types.join(", ") || "none"}
            </p>
            <div class="scroll data-preview" tabIndex={0} role="region" aria-label={`Events as they will be of ${title}`}>
              <table class="plain">
                <thead>
                  <tr>
                    <th class="number">#</th>
                    <th>Time (UTC)</th>
                    <th>Source type</th>
                    <th>Event</th>
                  </tr>
                </thead>
                <tbody>
                  {preview.value.rows.map((row, n) => (
                    <tr key={n}>
                      <td class="number">{n + 1}</td>
                      <td class="nowrap">{row.time ? row.time.replace("T", " ").replace("+00:00", "") : "none: the time of indexing"}</td>
                      <td>{row.sourcetype}</td>
                      <td>
                        <pre>{row.raw}</pre>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </div>
    </section>
  );
}
