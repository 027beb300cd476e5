/** Searches on the server: started, watched, read a page at a time. */

import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, get, ns, post, type Arguments, type Entry, type Feed, type Message } from "./api";

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
  resultCount: number;
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
const FIRST_LOOKS = [20, 40, 60]; // milliseconds; then a look every LOOK
const LOOK = 90;

export async function start(query: Query, more: Arguments = {}): Promise<string> {
  const { sid } = await post<{ sid: string }>(`${ns(query.app)}/search/jobs`, {
    search: query.search,
    earliest_time: query.earliest || undefined,
    latest_time: query.latest || undefined,
    stage_rows: query.stageRows,
    status_buckets: 300,
    ...more,
  });
  return sid;
}

export async function look(sid: string, signal?: AbortSignal): Promise<JobContent> {
  const feed = await get<Feed<JobContent>>(path(sid), {}, { signal });
  return (feed.entry[0] as Entry<JobContent>).content;
}

export function stagesOf(sid: string, signal?: AbortSignal): Promise<Stages> {
  return get<Stages>(`${path(sid)}/stages`, {}, { signal });
}

export async function control(sid: string, action: "cancel" | "finalize" | "pause" | "unpause"): Promise<void> {
  await post(`${path(sid)}/control`, { action });
}

interface Rows {
  fields: string[];
  rows: Cell[][];
}

/** Rows of a job: `what` is results, events, or stages (with `stage`). */
export async function rows(sid: string, what: "results" | "events" | "stages", args: Arguments, signal?: AbortSignal): Promise<Table> {
  const found = await get<Rows | undefined>(`${path(sid)}/${what}`, { ...args, output_mode: "json_rows" }, { signal });
  return { fields: found?.fields ?? [], rows: found?.rows ?? [] };
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((done, gone) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      gone(new DOMException("given up", "AbortError"));
    });
  });

/** Run a search to its end; `told` hears how far it is. The job goes with the signal. */
export async function watch(query: Query, told: (job: Job) => void, signal: AbortSignal): Promise<Job> {
  const sid = query.sid ?? (await start(query));
  if (signal.aborted) void control(sid, "cancel").catch(() => undefined);
  for (let round = 0; ; round++) {
    const [content, stages] = await Promise.all([look(sid, signal), query.stageRows ? stagesOf(sid, signal) : undefined]);
    const job = { sid, app: query.app, content, stages };
    told(job);
    if (content.isDone || content.isFailed) return job;
    await pause(FIRST_LOOKS[round] ?? LOOK, signal);
  }
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
    let last: Job | undefined;
    setState((before) => ({ ...before, error: undefined, running: true }));
    const told = (job: Job): void => {
      last = job;
      running.current = job.sid;
      if (!giveUp.signal.aborted) setState({ job, error: undefined, running: !job.content.isDone });
    };
    watch(query, told, giveUp.signal)
      .then((job) => !giveUp.signal.aborted && setState({ job, error: undefined, running: false }))
      .catch((error: unknown) => {
        if (!giveUp.signal.aborted) setState({ job: undefined, error, running: false });
      });
    return () => {
      giveUp.abort();
      if (last && !last.content.isDone && !query.sid) void control(last.sid, "cancel").catch(() => undefined);
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

export function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : Array.isArray(cell) ? cell.join("\n") : cell;
}
