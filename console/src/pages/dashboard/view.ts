/** A view of an app as the console draws it, read from its Simple XML. What stands in it is never run: markup is kept as a tree. */

export interface Shown {
  depends: readonly string[]; // tokens that must have a value
  rejects: readonly string[]; // tokens that must have none
}

export type Action =
  | { kind: "set"; token: string; text: string; prefix: string; suffix: string }
  | { kind: "unset"; token: string }
  | { kind: "eval"; token: string; text: string }
  | { kind: "link"; url: string; fresh: boolean };

export interface Condition {
  match: string | undefined; // an eval expression
  field: string | undefined;
  value: string | undefined;
  label: string | undefined;
  actions: Action[];
}

/** Actions that always happen, then those of the first condition that holds. */
export interface Handler {
  actions: Action[];
  conditions: Condition[];
}

export interface ViewSearch extends Shown {
  key: string;
  id: string | undefined;
  base: string | undefined;
  ref: string | undefined;
  query: string;
  earliest: string | undefined;
  latest: string | undefined;
  refresh: string | undefined;
  handlers: Readonly<Record<string, Handler>>;
}

export interface Input extends Shown {
  key: string;
  type: string;
  token: string | undefined;
  label: string;
  choices: { value: string; label: string }[];
  fieldForLabel: string;
  fieldForValue: string;
  search: ViewSearch | undefined;
  initial: { values: string[]; earliest: string; latest: string } | undefined;
  firstChoice: boolean;
  prefix: string;
  suffix: string;
  valuePrefix: string;
  valueSuffix: string;
  delimiter: string;
  now: boolean; // its panels follow at once, without the button
  change: Handler | undefined;
}

export interface Palette {
  type: string;
  text: string;
  minColor: string;
  midColor: string;
  maxColor: string;
}

export interface Scale {
  type: string;
  text: string;
  ends: Readonly<Record<"min" | "mid" | "max", { type: string; value: string }>>;
}

export interface Format {
  type: string;
  field: string | undefined; // undefined: every field
  palette: Palette | undefined;
  scale: Scale | undefined;
  options: Readonly<Record<string, string>>;
}

export interface Visual extends Shown {
  key: string;
  kind: string; // table, chart, single, event, map, viz, html
  type: string; // of a viz
  title: string;
  search: ViewSearch | undefined;
  options: Readonly<Record<string, string>>;
  fields: string[] | undefined;
  formats: Format[];
  drilldown: Handler | undefined;
  selection: Handler | undefined; // of a chart: what a chosen stretch of its axis does
  markup: Element | undefined;
}

export interface Panel extends Shown {
  key: string;
  title: string;
  parts: ({ input: Input; visual?: undefined } | { visual: Visual; input?: undefined })[];
}

export interface Row extends Shown {
  key: string;
  panels: Panel[];
}

export interface View {
  label: string;
  description: string;
  init: Handler;
  searches: ViewSearch[];
  inputs: Input[];
  submit: boolean;
  autoRun: boolean;
  rows: Row[];
  left: string[]; // what is not drawn, by name
}

const VISUALS = ["table", "chart", "single", "event", "map", "viz", "html"];
const EVENTS = ["progress", "preview", "done", "cancelled", "error", "fail", "finalized"];

export class NotAView extends Error {}

const kids = (node: Element, name?: string): Element[] => [...node.children].filter((kid) => !name || kid.tagName === name);
const kid = (node: Element, name: string): Element | undefined => kids(node, name)[0];
const textOf = (node: Element, name: string): string | undefined => kid(node, name)?.textContent.trim();
const attribute = (node: Element, name: string): string | undefined => node.getAttribute(name) ?? undefined;
const yes = (text: string | undefined, otherwise: boolean): boolean => (text === undefined ? otherwise : /^(?:true|1|t|yes)$/i.test(text.trim()));

const end = (scale: Element, name: string): { type: string; value: string } => ({ type: scale.getAttribute(`${name}Type`) ?? "number", value: scale.getAttribute(`${name}Value`) ?? "" });

function shown(node: Element): Shown {
  const names = (text: string | null): string[] => [...(text ?? "").matchAll(/\$([^$|]+)(?:\|[a-z])?\$/g)].map((m) => m[1] ?? "");
  return { depends: names(node.getAttribute("depends")), rejects: names(node.getAttribute("rejects")) };
}

function actions(node: Element): Action[] {
  return kids(node).flatMap((one): Action[] => {
    const token = one.getAttribute("token") ?? "";
    const text = one.textContent;
    switch (one.tagName) {
      case "set":
        return [{ kind: "set", token, text, prefix: one.getAttribute("prefix") ?? "", suffix: one.getAttribute("suffix") ?? "" }];
      case "unset":
        return [{ kind: "unset", token }];
      case "eval":
        return [{ kind: "eval", token, text }];
      case "link":
        return [{ kind: "link", url: text.trim(), fresh: one.getAttribute("target") === "_blank" }];
      default:
        return [];
    }
  });
}

function handler(node: Element | undefined): Handler {
  if (!node) return { actions: [], conditions: [] };
  const conditions = kids(node, "condition").map((one) => ({
    match: attribute(one, "match"),
    field: attribute(one, "field"),
    value: attribute(one, "value"),
    label: attribute(one, "label"),
    actions: actions(one),
  }));
  return { actions: actions(node), conditions };
}

const PREBUILT = 3; // panels that name one another, at most

/** Put the panels that a view names (`<panel ref="…" app="…">`) in their places; one that is not there stays as it is, and is told. */
export async function withPanels(xml: string, app: string, ask: (app: string, name: string) => Promise<string | undefined>): Promise<string> {
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  for (let depth = 0; depth < PREBUILT; depth++) {
    const named = [...tree.querySelectorAll("panel[ref]")];
    if (!named.length || tree.querySelector("parsererror")) break;
    for (const one of named) {
      const [name, from] = [one.getAttribute("ref") ?? "", one.getAttribute("app") ?? app];
      const told = await ask(from, name);
      const found = told === undefined ? undefined : new DOMParser().parseFromString(told, "application/xml").documentElement;
      one.removeAttribute("ref");
      if (found?.tagName === "panel") one.append(...[...found.childNodes].map((kid) => tree.importNode(kid, true)));
      else one.setAttribute("missing", `panel ref="${name}" app="${from}"`);
    }
  }
  return new XMLSerializer().serializeToString(tree);
}

/** Reads a view. Raises `NotAView` for what is no Simple XML. */
export function readView(xml: string): View {
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  const root = tree.documentElement;
  const broken = tree.querySelector("parsererror");
  if (broken) throw new NotAView(`The view is no XML: ${broken.textContent.trim().split("\n")[0] ?? ""}`);
  if (root.getAttribute("version") === "2") throw new NotAView("This is a view of Dashboard Studio, which the console does not draw: it draws Simple XML.");
  if (root.tagName !== "dashboard" && root.tagName !== "form") throw new NotAView(`The console draws <dashboard> and <form>; this is a <${root.tagName}>.`);
  let number = 0;
  const left = new Set<string>();
  const key = (): string => `n${number++}`;
  for (const name of ["script", "stylesheet"]) if (root.hasAttribute(name)) left.add(`${name}="${root.getAttribute(name) ?? ""}"`);

  const search = (node: Element | undefined): ViewSearch | undefined => {
    if (!node) return undefined;
    const handlers = Object.fromEntries(EVENTS.flatMap((event) => kids(node, event).map((one) => [event, handler(one)])));
    return {
      ...shown(node),
      key: key(),
      id: attribute(node, "id"),
      base: attribute(node, "base"),
      ref: attribute(node, "ref"),
      query: textOf(node, "query") ?? "",
      earliest: textOf(node, "earliest"),
      latest: textOf(node, "latest"),
      refresh: textOf(node, "refresh"),
      handlers,
    };
  };
  /** A search as it was written before there was `<search>`: its parts stand in the visualization itself. */
  const older = (node: Element): ViewSearch | undefined => {
    const [query, ref] = [textOf(node, "searchString") ?? textOf(node, "searchTemplate"), textOf(node, "searchName")];
    if (query === undefined && ref === undefined) return undefined;
    const after = textOf(node, "searchPostProcess");
    return {
      depends: [],
      rejects: [],
      key: key(),
      id: undefined,
      base: undefined,
      ref,
      query: [query, after].filter(Boolean).join(" | "),
      earliest: textOf(node, "earliestTime"),
      latest: textOf(node, "latestTime"),
      refresh: undefined,
      handlers: {},
    };
  };
  const initial = (node: Element | undefined): Input["initial"] =>
    node && {
      values: node.textContent.trim().split(",").map((value) => value.trim()),
      earliest: textOf(node, "earliest") ?? "",
      latest: textOf(node, "latest") ?? "",
    };
  const input = (node: Element): Input => ({
    ...shown(node),
    key: key(),
    type: node.getAttribute("type") ?? "text",
    token: attribute(node, "token"),
    label: textOf(node, "label") ?? "",
    choices: kids(node, "choice").map((one) => ({ value: one.getAttribute("value") ?? "", label: one.textContent.trim() })),
    fieldForLabel: textOf(node, "fieldForLabel") ?? "",
    fieldForValue: textOf(node, "fieldForValue") ?? "",
    search: search(kid(node, "search")),
    initial: whole(node, initial(kid(node, "initialValue") ?? kid(node, "default"))),
    firstChoice: yes(textOf(node, "selectFirstChoice"), false),
    prefix: kid(node, "prefix")?.textContent ?? "",
    suffix: kid(node, "suffix")?.textContent ?? "",
    valuePrefix: kid(node, "valuePrefix")?.textContent ?? "",
    valueSuffix: kid(node, "valueSuffix")?.textContent ?? "",
    delimiter: kid(node, "delimiter")?.textContent ?? " ",
    now: yes(attribute(node, "searchWhenChanged"), false),
    change: kid(node, "change") && handler(kid(node, "change")),
  });
  const format = (node: Element): Format => {
    const palette = kid(node, "colorPalette");
    const scale = kid(node, "scale");
    return {
      type: node.getAttribute("type") ?? "",
      field: attribute(node, "field"),
      palette: palette && {
        type: palette.getAttribute("type") ?? "",
        text: palette.textContent.trim(),
        minColor: palette.getAttribute("minColor") ?? "",
        midColor: palette.getAttribute("midColor") ?? "",
        maxColor: palette.getAttribute("maxColor") ?? "",
      },
      scale: scale && {
        type: scale.getAttribute("type") ?? "",
        text: scale.textContent.trim(),
        ends: { min: end(scale, "min"), mid: end(scale, "mid"), max: end(scale, "max") },
      },
      options: options(node),
    };
  };
  const visual = (node: Element): Visual => {
    if (node.tagName === "viz") left.add(`viz ${node.getAttribute("type") ?? ""}: its rows are shown as a table`);
    if (node.tagName === "map") left.add("map: its rows are shown as a table");
    if (node.tagName === "html" && node.hasAttribute("src")) left.add(`html src="${node.getAttribute("src") ?? ""}"`);
    const fields = textOf(node, "fields");
    const zooms = node.tagName === "chart" && /^(?:line|area|column)?$/.test(options(node)["charting.chart"] ?? "");
    if (kid(node, "selection") && !zooms) left.add("selection: only line, area and column charts have one");
    return {
      ...shown(node),
      key: key(),
      kind: node.tagName,
      type: node.getAttribute("type") ?? "",
      title: node.tagName === "html" ? "" : (textOf(node, "title") ?? ""),
      search: search(kid(node, "search")) ?? older(node),
      options: options(node),
      fields: fields ? listOf(fields) : undefined,
      formats: kids(node, "format").map(format),
      drilldown: kid(node, "drilldown") && handler(kid(node, "drilldown")),
      selection: zooms && kid(node, "selection") ? handler(kid(node, "selection")) : undefined,
      markup: node.tagName === "html" ? node : undefined,
    };
  };
  const panel = (node: Element): Panel => {
    if (node.hasAttribute("missing")) left.add(`${node.getAttribute("missing") ?? ""}, which is not there`);
    if (node.hasAttribute("ref")) left.add(`panel ref="${node.getAttribute("ref") ?? ""}": too deep`);
    const parts = kids(node).flatMap((one): Panel["parts"] => {
      if (one.tagName === "input") return [{ input: input(one) }];
      if (VISUALS.includes(one.tagName)) return [{ visual: visual(one) }];
      if (!["title", "search"].includes(one.tagName)) left.add(`<${one.tagName}>`);
      return [];
    });
    return { ...shown(node), key: key(), title: textOf(node, "title") ?? "", parts };
  };
  const row = (node: Element): Row => ({
    ...shown(node),
    key: key(),
    // Visualizations that stand in a row without a panel are panels of their own.
    panels: kids(node).map((one) => (one.tagName === "panel" ? panel(one) : { depends: [], rejects: [], key: key(), title: "", parts: [{ visual: visual(one) }] })),
  });
  const fieldset = kid(root, "fieldset");
  const inner = [...root.querySelectorAll("row > panel > search, row > search")];
  return {
    label: textOf(root, "label") ?? "",
    description: textOf(root, "description") ?? "",
    init: handler(kid(root, "init")),
    searches: [...kids(root, "search"), ...inner].flatMap((node) => search(node) ?? []),
    inputs: fieldset ? kids(fieldset, "input").map(input) : [],
    submit: fieldset ? yes(attribute(fieldset, "submitButton"), true) : false,
    autoRun: fieldset ? yes(attribute(fieldset, "autoRun"), false) : true,
    rows: kids(root, "row").map(row),
    left: [...left],
  };
}

/** The value of a text input is its whole text, commas and all. */
function whole(node: Element, found: Input["initial"]): Input["initial"] {
  const many = ["checkbox", "multiselect"].includes(node.getAttribute("type") ?? "");
  return found && !many ? { ...found, values: [found.values.join(",")] } : found;
}

function options(node: Element): Record<string, string> {
  return Object.fromEntries(kids(node, "option").map((one) => [one.getAttribute("name") ?? "", one.textContent.trim()]));
}

/** `["a","b"]` or `a, b`. */
function listOf(text: string): string[] {
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read)) return read.map(String);
  } catch {
    // no JSON: names with commas between them
  }
  return text.split(",").map((name) => name.trim());
}
