/** Searches on the server: started, watched, read a page at a time. */

import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, get, ns, post, type Arguments, type Message } from "./api";

export interface Range {
  earliest: string;
  latest: string;
}

export interface Query extends Range {
  search: string; // as the API takes it
  app: string;
  stageRows?: number;
  sid?: string; // a job that is there already
}

export interface JobContent {
  dispatchState: string;
  doneProgress: number;
  eventCount: number;
  eventAvailableCount: number;
  resultCount: number;
  resultPreviewCount: number;
  numPreviews: number;
  scanCount: number;
  runDuration: string;
  isDone: boolean;
  isFailed: boolean;
  isFinalized: boolean;
  isPaused: boolean;
  reportSearch: string;
  earliestTime: string;
  latestTime: string;
  searchEarliestTime: string;
  searchLatestTime: string;
  search: string;
  messages: Record<string, string[]>;
}

export interface Stage {
  number: number;
  name: string;
  command: string;
  start: number;
  end: number;
  rows: number | null;
  seconds: number | null;
  fields: string[] | null;
  kept: number;
}

export interface Stages {
  search: string;
  isDone: boolean;
  stages: Stage[];
}

export type Cell = string | string[] | null;

/** Columns in the server's order, and rows of the same width. */
export interface Table {
  fields: string[];
  rows: Cell[][];
}

export interface Job {
  sid: string;
  app: string;
  content: JobContent;
  stages: Stages | undefined;
}

export interface Watched {
  job: Job | undefined;
  error: unknown;
  running: boolean;
}

const path = (sid: string): string => `search/v2/jobs/${encodeURIComponent(sid)}`;
// Seconds that an answer may wait for news: the first soon says that the search runs, where it does not end at once.
const FIRST_WAIT = 0.25;
const WAIT = 5;

export async function start(query: Query, more: Arguments = {}): Promise<string> {
  const { sid } = await post<{ sid: string }>(`${ns(query.app)}/search/jobs`, {
    search: query.search,
    earliest_time: query.earliest || undefined,
    latest_time: query.latest || undefined,
    stage_rows: query.stageRows,
    status_buckets: 300,
    preview: query.stageRows !== undefined, // only who shows stages shows what there is meanwhile
    ...more,
  });
  return sid;
}

interface Progress extends Stages {
  changes: number; // what happened to the job so far, counted
  content: JobContent;
}

/** How far a job is: as soon as there is other news than that number, or after `wait` seconds. */
function progress(sid: string, changes: number, wait: number, signal: AbortSignal): Promise<Progress> {
  return get<Progress>(`${path(sid)}/progress`, { changes, wait }, { signal });
}

export async function control(sid: string, action: "cancel" | "finalize" | "pause" | "unpause"): Promise<void> {
  await post(`${path(sid)}/control`, { action });
}

interface Rows {
  fields: string[];
  rows: Cell[][];
}

/** Rows of a job: `what` is results (of one that has ended), the results or events that there are, or stages (with `stage`). */
export async function rows(sid: string, what: "results" | "results_preview" | "events" | "stages", args: Arguments, signal?: AbortSignal): Promise<Table> {
  const found = await get<Rows | undefined>(`${path(sid)}/${what}`, { ...args, output_mode: "json_rows" }, { signal, rank: "first" });
  return { fields: found?.fields ?? [], rows: found?.rows ?? [] };
}

/** Run a search to its end; `told` hears how far it is, and first of all `began` its id. The job goes with the signal. */
export async function watch(query: Query, told: (job: Job) => void, signal: AbortSignal, began: (sid: string) => void = () => undefined): Promise<Job> {
  const sid = query.sid ?? (await start(query));
  began(sid);
  if (signal.aborted) void control(sid, "cancel").catch(() => undefined);
  for (let round = 0, seen = 0; ; round++) {
    const { content, changes, ...stages } = await progress(sid, seen, round ? WAIT : FIRST_WAIT, signal);
    seen = changes;
    const job = { sid, app: query.app, content, stages: query.stageRows ? stages : undefined };
    told(job);
    if (content.isDone || content.isFailed) return job;
  }
}

/** Changes when a job has other rows to show than before. */
export function version({ sid, content }: Job): string {
  return `${sid} ${content.isDone ? "done" : content.numPreviews}`;
}

/** Whether a job has anything to show yet. */
export function shows({ content }: Job): boolean {
  return content.isDone || content.numPreviews > 0;
}

/** How many events and results there are to look at. */
export function counts({ content }: Job): { events: number; results: number } {
  const { isDone, eventCount, eventAvailableCount, resultCount, resultPreviewCount } = content;
  return isDone ? { events: eventCount, results: resultCount } : { events: eventAvailableCount, results: resultPreviewCount };
}

/** A search of the page: runs anew whenever the query object is another one; what ran before is cancelled. */
export function useJob(query: Query | undefined): Watched {
  const [state, setState] = useState<Watched>({ job: undefined, error: undefined, running: false });
  const running = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (!query) {
      setState({ job: undefined, error: undefined, running: false });
      return undefined;
    }
    const giveUp = new AbortController();
    let sid: string | undefined;
    let done = false;
    setState((before) => ({ ...before, error: undefined, running: true }));
    const told = (job: Job): void => {
      done = job.content.isDone;
      running.current = job.sid;
      if (!giveUp.signal.aborted) setState({ job, error: undefined, running: !job.content.isDone });
    };
    watch(query, told, giveUp.signal, (begun) => (sid = begun))
      .then((job) => !giveUp.signal.aborted && setState({ job, error: undefined, running: false }))
      .catch((error: unknown) => {
        if (!giveUp.signal.aborted) setState({ job: undefined, error, running: false });
      });
    return () => {
      giveUp.abort();
      if (sid && !done && !query.sid) void control(sid, "cancel").catch(() => undefined);
    };
  }, [query]);
  return state;
}

/** The messages of a job, or of a refusal, worst first. */
export function messagesOf({ job, error }: { job: Job | undefined; error: unknown }): Message[] {
  if (error instanceof ApiError) return [...error.messages];
  if (error !== undefined) return [{ type: "ERROR", text: String(error instanceof Error ? error.message : error) }];
  const found: Message[] = [];
  for (const type of ["fatal", "error", "warn", "info"]) {
    for (const text of job?.content.messages[type] ?? []) found.push({ type: type.toUpperCase(), text });
  }
  return found;
}

/** One search, run to its end, all rows at once: for what a page needs beside the search a person wrote. */
export async function oneshot(search: string, app: string, range: Partial<Range> = {}, more: Arguments = {}, signal?: AbortSignal): Promise<Table> {
  const found = await post<Rows | undefined>(
    `${ns(app)}/search/jobs`,
    {
      search,
      exec_mode: "oneshot",
      output_mode: "json_rows",
      count: 0,
      earliest_time: range.earliest || undefined,
      latest_time: range.latest || undefined,
      ...more,
    },
    { signal },
  );
  return { fields: found?.fields ?? [], rows: found?.rows ?? [] };
}

/** Rows as records, for code that knows the names. */
export function records(table: Table): Record<string, Cell>[] {
  return table.rows.map((row) => Object.fromEntries(table.fields.map((name, n) => [name, row[n] ?? null])));
}

/** A cell as people read it: of `_time` the date and the time, without a fraction that says nothing and the zone, which is UTC everywhere here. */
export function shown(field: string, cell: Cell | undefined): string {
  const plain = text(cell);
  const found = field === "_time" ? /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]00:?00)$/.exec(plain) : null;
  return found ? `${found[1]} ${found[2]?.replace(/\.0+$/, "")}` : plain;
}

export function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : Array.isArray(cell) ? cell.join("\n") : cell;
}
