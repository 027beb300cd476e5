/** The searches of a view: run when their tokens are there, shared by those that go on from them. */

import { createContext } from "preact";
import { useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "preact/compat";

import { messagesOf, rows, text, useJob, type Query } from "../../jobs";
import type { Message } from "../../api";
import { handle, type Scene } from "./actions";
import { fill, names, type Values } from "./tokens";
import { visible, type Store } from "./store";
import type { ViewSearch } from "./view";

/** How a search stands: of which job its rows are, and what is done with them after it. */
export interface Ran {
  sid: string | undefined;
  post: string; // commands over the job's results
  whole: string; // the search as one text
  earliest: string;
  latest: string;
  waits: string[]; // tokens that are missing
  running: boolean;
  done: boolean;
  events: boolean; // the rows are events
  messages: Message[];
}

const NOTHING: Ran = { sid: undefined, post: "", whole: "", earliest: "", latest: "", waits: [], running: false, done: false, events: false, messages: [] };

/** Searches with an id, for those that name it as their base. */
export class Shared {
  private readonly known = new Map<string, Ran>();
  private readonly watchers = new Set<() => void>();
  readonly subscribe = (told: () => void): (() => void) => {
    this.watchers.add(told);
    return () => void this.watchers.delete(told);
  };
  of(id: string | undefined): Ran | undefined {
    return id === undefined ? undefined : this.known.get(id);
  }
  put(id: string, ran: Ran): void {
    this.known.set(id, ran);
    for (const told of this.watchers) told();
  }
}

export interface Stage extends Scene {
  shared: Shared;
}

export const StageContext = createContext<Stage | undefined>(undefined);

export function useStage(): Stage {
  const stage = useContext(StageContext);
  if (!stage) throw new Error("no view is drawn here");
  return stage;
}

export function useTokens(store: Store): Values {
  return useSyncExternalStore(store.subscribe, store.seen);
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

function seconds(delay: string | undefined): number {
  const found = /^(\d+)([smhd]?)$/.exec(delay ?? "");
  return found ? Number(found[1]) * (SECONDS[found[2] || "s"] ?? 1) : 0;
}

/** A search's own text: a saved one is run by its name. */
const textOf = ({ ref, query }: ViewSearch): string => (ref ? `| savedsearch "${ref.replaceAll('"', '\\"')}"` : query);
const asRun = (query: string): string => (/^\s*(?:\||search\b)/i.test(query) ? query : `search ${query}`);

function useOwn(search: ViewSearch | undefined, values: Values, app: string): Ran {
  const [round, setRound] = useState(0);
  const wait = search && !search.base ? seconds(search.refresh) : 0;
  useEffect(() => {
    if (!wait) return undefined;
    const timer = setInterval(() => setRound((n) => n + 1), wait * 1000);
    return () => clearInterval(timer);
  }, [wait]);
  const parts = search && !search.base ? [textOf(search), search.earliest ?? "$earliest$", search.latest ?? "$latest$"] : [];
  const given = new Map([["earliest", "0"], ["latest", ""], ...values]);
  const waits = search && !visible(search, values) ? [...search.depends] : parts.flatMap((part) => names(part).filter((name) => !given.has(name)));
  const [query, earliest, latest] = waits.length ? [] : parts.map((part) => fill(part, given) ?? "");
  const asked = useMemo<Query | undefined>(
    () => (query === undefined || !query.trim() ? undefined : { search: asRun(query), earliest: earliest ?? "", latest: latest ?? "", app }),
    [query, earliest, latest, app, round],
  );
  const watched = useJob(asked);
  const content = watched.job?.content;
  return {
    sid: watched.job?.sid,
    post: "",
    whole: asked?.search ?? "",
    earliest: asked?.earliest ?? "",
    latest: asked?.latest ?? "",
    waits,
    running: Boolean(asked) && watched.running,
    done: Boolean(asked) && !watched.running && Boolean(content?.isDone),
    events: Boolean(content?.eventCount) && content?.eventCount === content?.resultCount,
    messages: messagesOf(watched),
  };
}

function useBased(search: ViewSearch | undefined, values: Values, shared: Shared): Ran {
  const base = useSyncExternalStore(shared.subscribe, () => shared.of(search?.base));
  if (!search?.base) return NOTHING;
  if (!base) return { ...NOTHING, messages: [{ type: "ERROR", text: `There is no search with the id "${search.base}".` }] };
  const waits = names(search.query).filter((name) => !values.has(name));
  const own = fill(search.query, values)?.trim().replace(/^\|/, "") ?? "";
  const post = [base.post, own].filter(Boolean).join(" | ");
  return { ...base, post, whole: own ? `${base.whole} | ${own}` : base.whole, waits: [...base.waits, ...waits], done: base.done && !waits.length, events: base.events && !own };
}

/** Run a search of the view; what its handlers ask for happens, and others may go on from it. */
export function useSearch(search: ViewSearch | undefined): Ran {
  const stage = useStage();
  const { store, app, shared } = stage;
  const values = useTokens(store);
  const own = useOwn(search, values, app);
  const based = useBased(search, values, shared);
  const ran = search?.base ? based : own;
  const { sid, post, done, waits, messages } = ran;
  const failed = messages.some(({ type }) => type === "FATAL" || type === "ERROR");
  const stamp = [sid, post, done, ran.running, waits.join(), messages.map((m) => m.text).join()].join("\0");
  const last = useRef(ran);
  last.current = ran;
  useEffect(() => {
    if (search?.id) shared.put(search.id, last.current);
  }, [search?.id, stamp]);
  const told = `${sid ?? ""}\0${post}\0${done}\0${failed}`;
  useEffect(() => {
    const handlers = search?.handlers ?? {};
    if ((!(sid && done) && !failed) || !Object.keys(handlers).length) return undefined;
    const control = new AbortController();
    const job = new Map([["job.sid", sid ?? ""], ["job.isDone", String(done)]]); // a search that was refused has no job
    void (async () => {
      if (failed || !sid) {
        for (const name of ["error", "fail"]) await handle(handlers[name], job, stage);
        return;
      }
      const first = await rows(sid, "results", { count: 1, search: post || undefined }, control.signal);
      const row = first.rows[0];
      job.set("job.resultCount", row ? "1" : "0");
      first.fields.forEach((name, n) => {
        if (row && row[n] !== null) job.set(`result.${name}`, text(row[n]));
      });
      if (handlers.done || handlers.progress || handlers.preview) await counted(job, sid, post, control.signal);
      for (const name of ["progress", "preview", "finalized", "done"]) {
        if (!control.signal.aborted) await handle(handlers[name], job, stage);
      }
    })().catch((error: unknown) => !control.signal.aborted && stage.failed(error));
    return () => control.abort();
  }, [told]);
  return ran;
}

/** `job.resultCount`: of the rows that are left when the commands over them are done. */
async function counted(job: Map<string, string>, sid: string, post: string, signal: AbortSignal): Promise<void> {
  const search = [post, "stats count"].filter(Boolean).join(" | ");
  const found = await rows(sid, "results", { count: 1, search }, signal);
  job.set("job.resultCount", text(found.rows[0]?.[0]) || "0");
}
