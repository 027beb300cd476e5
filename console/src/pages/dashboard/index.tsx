import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { ApiError, get, ns, type Entry, type Feed } from "../../api";
import { navigate, ROOT, type Place } from "../../router";
import { useSession } from "../../session";
import { useLoading } from "../../ui/loading";
import { Failure, Notice } from "../../ui/notice";
import { handle } from "./actions";
import { InputView } from "./inputs";
import { Shared, StageContext, useSearch, useStage, useTokens, type Stage } from "./searches";
import { Store, visible } from "./store";
import { plain } from "./tokens";
import { readView, withPanels, type Input, type Panel, type Row, type View, type ViewSearch } from "./view";
import { VisualView } from "./visuals";
import "./dashboard.css";

async function panelOf(app: string, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const feed = await get<Feed<Written>>(`${ns(app)}/data/ui/panels/${encodeURIComponent(name)}`, {}, { signal });
    return feed.entry[0]?.content["eai:data"];
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

interface Written {
  "eai:data": string;
  label?: string;
  isVisible?: boolean | string;
}

export const viewUrl = (app: string, view: string): string => `${ROOT}/app/${encodeURIComponent(app)}/${encodeURIComponent(view)}`;

/** A view of an app, by its name; what is chosen on it is in the address. */
export function DashboardPage({ here, app, name }: { here: Place; app: string; name: string }): JSX.Element {
  const { value, error } = useLoading(async (signal) => {
    const feed = await get<Feed<Written>>(`${ns(app)}/data/ui/views/${encodeURIComponent(name)}`, {}, { signal });
    const written = (feed.entry[0] as Entry<Written>).content["eai:data"];
    return readView(/<panel\b[^>]*\bref=/.test(written) ? await withPanels(written, app, (from, panel) => panelOf(from, panel, signal)) : written);
  }, [app, name]);
  // An address that the page itself wrote is no new one.
  const own = useRef<string | undefined>(undefined);
  const seed = useRef(here.query);
  if (here.query.toString() !== own.current && here.query.toString() !== seed.current.toString()) seed.current = here.query;
  const wrote = (query: URLSearchParams): void => {
    own.current = query.toString();
    navigate(`${viewUrl(app, name)}${own.current ? `?${own.current}` : ""}`, { replace: true });
  };
  return (
    <>
      <AppNav app={app} name={name} />
      <Failure error={error} />
      {value && <Dashboard key={seed.current.toString()} view={value} app={app} name={name} given={seed.current} wrote={wrote} />}
    </>
  );
}

/** The views that an app's navigation names, as links. */
function AppNav({ app, name }: { app: string; name: string }): JSX.Element | null {
  const { value } = useLoading((signal) => viewsOf(app, signal), [app]);
  if (!value || value.length < 2) return null;
  return (
    <nav class="dash-nav row" aria-label={`Views of ${app}`}>
      {value.map((view) => (
        <a key={view.name} href={viewUrl(app, view.name)} aria-current={view.name === name ? "page" : undefined}>
          {view.label}
        </a>
      ))}
    </nav>
  );
}

export interface ViewName {
  app: string;
  name: string;
  label: string;
  description: string;
}

/** Views of an app that the console draws, in the order of the app's navigation, then by name. */
export async function viewsOf(app: string, signal?: AbortSignal): Promise<ViewName[]> {
  const [views, nav] = await Promise.all([
    get<Feed<Written>>(`${ns(app)}/data/ui/views`, { count: 0 }, { signal }),
    get<Feed<Written>>(`${ns(app)}/data/ui/nav/default`, {}, { signal }).catch(() => undefined),
  ]);
  const order = [...(nav?.entry[0]?.content["eai:data"] ?? "").matchAll(/<view\b[^>]*\bname="([^"]+)"/g)].map((m) => m[1] ?? "");
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return views.entry
    .filter((one) => one.acl.app === app && /^\s*(?:<\?xml[^>]*>\s*)?<(?:dashboard|form)\b/.test(one.content["eai:data"]))
    .map((one) => {
      const said = (tag: string): string => decoded(new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(one.content["eai:data"])?.[1] ?? "");
      return { app, name: one.name, label: one.content.label || said("label") || one.name, description: said("description") };
    })
    .sort((a, b) => place(a.name) - place(b.name) || a.label.localeCompare(b.label));
}

const decoded = (written: string): string =>
  written.trim().replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[name] ?? "");

function allInputs(view: View): Input[] {
  return [...view.inputs, ...view.rows.flatMap((row) => row.panels.flatMap((panel) => panel.parts.flatMap((part) => part.input ?? [])))];
}

/** What the address, else the view, gives an input to begin with. */
function begin(store: Store, input: Input, given: URLSearchParams, now: boolean): void {
  if (input.type === "time") {
    const name = (end: string): string => `form.${input.token ? `${input.token}.` : ""}${end}`;
    const [earliest, latest] = [given.get(name("earliest")), given.get(name("latest"))];
    if (earliest !== null || latest !== null) store.choose(input, { earliest: earliest ?? "0", latest: latest ?? "" }, now);
    else if (input.initial) store.choose(input, { earliest: input.initial.earliest || "0", latest: input.initial.latest }, now);
    else store.choose(input, { earliest: "0", latest: "" }, now);
    return;
  }
  const values = input.token ? given.getAll(`form.${input.token}`) : [];
  if (values.length) store.choose(input, values, now);
  else if (input.initial) store.choose(input, input.initial.values, now);
}

function Dashboard({ view, app, name, given, wrote }: { view: View; app: string; name: string; given: URLSearchParams; wrote: (query: URLSearchParams) => void }): JSX.Element {
  const [error, setError] = useState<unknown>();
  const { user } = useSession();
  const stage = useMemo<Stage>(() => {
    const inputs = allInputs(view);
    const store = new Store(inputs, view.submit);
    for (const [name, value] of given) if (!name.startsWith("form.")) store.set(name, value);
    const environment = { app, page: name, view: name, view_label: view.label, user: user.username, user_realname: user.realname, locale: "en-US", is_enterprise: "true", is_cloud: "false" };
    for (const [key, value] of Object.entries(environment)) store.set(`env:${key}`, value);
    for (const input of inputs) begin(store, input, given, view.autoRun || !view.submit || input.now);
    store.publish();
    return { store, app, failed: setError, shared: new Shared() };
  }, [view]);
  const { store } = stage;
  useEffect(() => void handle(view.init, new Map(), stage), [stage]);
  const values = useTokens(store);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) wrote(new URLSearchParams(store.forms()));
    first.current = false;
  }, [values]);
  return (
    <StageContext.Provider value={stage}>
      <div class="page-head">
        <div>
          <h1>{plain(view.label, values)}</h1>
          {view.description && <p class="muted">{plain(view.description, values)}</p>}
        </div>
      </div>
      <Failure error={error} />
      {view.searches.map((search) => (
        <Runner key={search.key} search={search} />
      ))}
      {(view.inputs.length > 0 || view.submit) && (
        <div class="dash-inputs">
          {view.inputs.map((input) => (
            <InputView key={input.key} input={input} />
          ))}
          {view.submit && (
            <button type="button" class="button primary" onClick={() => store.publish()}>
              Submit
            </button>
          )}
        </div>
      )}
      {view.rows.map((row) => (
        <RowView key={row.key} row={row} />
      ))}
      {view.left.length > 0 && <Notice kind="warn">Not drawn here: {view.left.join("; ")}.</Notice>}
    </StageContext.Provider>
  );
}

/** A search that nothing shows: others go on from it, or its handlers set tokens. */
function Runner({ search }: { search: ViewSearch }): JSX.Element | null {
  const { messages } = useSearch(search);
  const wrong = messages.filter(({ type }) => type === "FATAL" || type === "ERROR");
  return wrong.length ? <Notice kind="error">{wrong.map(({ text }) => text).join("\n")}</Notice> : null;
}

function RowView({ row }: { row: Row }): JSX.Element | null {
  const values = useTokens(useStage().store);
  const panels = row.panels.filter((panel) => visible(panel, values));
  if (!visible(row, values) || !panels.length) return null;
  return (
    <div class="dash-row">
      {panels.map((panel) => (
        <PanelView key={panel.key} panel={panel} />
      ))}
    </div>
  );
}

function PanelView({ panel }: { panel: Panel }): JSX.Element {
  const values = useTokens(useStage().store);
  return (
    <div class="panel dash-panel">
      {panel.title && (
        <header>
          <h2>{plain(panel.title, values)}</h2>
        </header>
      )}
      <div class="body stack">
        {!panel.parts.length && <p class="muted dash-empty">There is nothing in this panel.</p>}
        {panel.parts.map((part) => (part.input ? <InputView key={part.input.key} input={part.input} /> : <VisualView key={part.visual.key} visual={part.visual} level={panel.title ? 3 : 2} />))}
      </div>
    </div>
  );
}
