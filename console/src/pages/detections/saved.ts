/** Detections as the server has them: saved searches of apps that say they are correlation searches. */

import { get, ns, post, seg, type Entry, type Feed } from "../../api";
import { watch, type Job, type Range } from "../../jobs";

export interface SavedSearch {
  search: string;
  description?: string;
  disabled: boolean;
  is_scheduled: boolean;
  cron_schedule?: string;
  next_scheduled_time?: string;
  "action.correlationsearch.enabled"?: string | boolean;
  "action.correlationsearch.annotations"?: string;
  [key: string]: unknown;
}

export interface Detection {
  name: string;
  title: string; // without the app's prefix and suffix
  app: string;
  owner: string;
  type: string;
  techniques: string[];
  stories: string[];
  content: SavedSearch;
  filter: string; // the macro at the end of its search; empty without one
}

interface Annotations {
  type?: string;
  mitre_attack?: string[];
  analytic_story?: string[];
}

function annotations(entry: Entry<SavedSearch>): Annotations {
  try {
    return JSON.parse(entry.content["action.correlationsearch.annotations"] ?? "{}") as Annotations;
  } catch {
    return {};
  }
}

function detection(entry: Entry<SavedSearch>): Detection {
  const told = annotations(entry);
  return {
    name: entry.name,
    title: entry.name.replace(/ - Rule$/, "").replace(/^[^-]+ - /, ""),
    app: entry.acl.app,
    owner: entry.acl.owner,
    type: told.type ?? "",
    techniques: told.mitre_attack ?? [],
    stories: told.analytic_story ?? [],
    content: entry.content,
    filter: /`(\w+_filter)`\s*$/.exec(entry.content.search)?.[1] ?? "",
  };
}

export async function detections(signal?: AbortSignal): Promise<Detection[]> {
  const feed = await get<Feed<SavedSearch>>(`${ns("-")}/saved/searches`, { count: 0 }, { signal });
  return feed.entry
    .filter(({ content }) => /^(?:1|true)$/i.test(String(content["action.correlationsearch.enabled"] ?? "")))
    .map(detection)
    .sort((a, b) => a.title.localeCompare(b.title));
}

const path = ({ app, name }: Detection): string => `${ns(app, "nobody")}/saved/searches/${seg(name)}`;

export async function change(which: Detection, settings: Record<string, string>): Promise<void> {
  await post(path(which), settings);
}

/** Run it now, with its actions, over a range of its own. */
export async function dispatch(which: Detection, range: Range, told: (job: Job) => void, signal: AbortSignal): Promise<Job> {
  const { sid } = await post<{ sid: string }>(`${path(which)}/dispatch`, {
    "dispatch.earliest_time": range.earliest || "0",
    "dispatch.latest_time": range.latest || "now",
    trigger_actions: 1,
    force_dispatch: 1,
  });
  return watch({ sid, app: which.app, search: which.content.search, ...range }, told, signal);
}

export async function macro(app: string, name: string, signal?: AbortSignal): Promise<string> {
  const feed = await get<Feed<{ definition?: string }>>(`${ns(app, "nobody")}/admin/macros/${seg(name)}`, {}, { signal });
  return feed.entry[0]?.content.definition ?? "";
}

export async function saveMacro(app: string, name: string, definition: string): Promise<void> {
  await post(`${ns(app, "nobody")}/admin/macros/${seg(name)}`, { definition });
}
