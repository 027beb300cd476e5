/** What happens at a click, at a search's end, at another choice: tokens set and taken away, links followed. */

import { oneshot, text } from "../../jobs";
import { navigate, ROOT } from "../../router";
import type { Store } from "./store";
import { fill, type Values } from "./tokens";
import type { Action, Condition, Handler } from "./view";

const STRING = /"(?:[^"\\]|\\.)*"/g;
const quoted = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
const literal = (value: string): string => (/^-?\d+(?:\.\d+)?$/.test(value) ? value : quoted(value));

/**
 * The values of eval expressions, as the server's own eval has them: one search for all. A token outside quotes (`$name$`, `'name'`) is a
 * field with its value, null without one; inside quotes it is text.
 */
export async function evaluate(expressions: readonly string[], values: Values, app: string): Promise<string[]> {
  const fields = new Map<string, string>();
  const field = (name: string): string => {
    const found = fields.get(name) ?? `caltrop_t${fields.size}`;
    fields.set(name, found);
    return found;
  };
  const references = (part: string): string =>
    part
      .replace(/\$([^\s$|][^$|\n]*?)(?:\|[a-z])?\$/g, (_, name: string) => field(name))
      .replace(/'([^']+)'/g, (all, name: string) => (values.has(name) ? field(name) : all));
  const read = expressions.map((expression) => {
    let made = "";
    let from = 0;
    for (const found of expression.matchAll(STRING)) {
      const inside = found[0].replace(/\$([^\s$|"][^$|\n"]*?)(?:\|[a-z])?\$/g, (all, name: string) => quoted(values.get(name) ?? all).slice(1, -1));
      made += references(expression.slice(from, found.index)) + inside;
      from = found.index + found[0].length;
    }
    return made + references(expression.slice(from));
  });
  const known = [...fields].map(([name, alias]) => `${alias}=${values.has(name) ? literal(values.get(name) ?? "") : "null()"}`);
  const asked = read.map((expression, n) => `caltrop_v${n}=${expression}`);
  const search = `| makeresults${known.length ? ` | eval ${known.join(", ")}` : ""} | eval ${asked.join(", ")} | fields caltrop_v*`;
  const { fields: names, rows } = await oneshot(search, app);
  return expressions.map((_, n) => text(rows[0]?.[names.indexOf(`caltrop_v${n}`)]));
}

/** Where a link of a view leads; undefined for what is no address of the web. */
export function resolve(url: string, app: string): URL | undefined {
  const rooted = /^\/(?!\/)/.test(url) && !url.startsWith(`${ROOT}/`) ? ROOT + url : url;
  try {
    const found = new URL(rooted, `${window.location.origin}${ROOT}/app/${encodeURIComponent(app)}/`);
    return found.protocol === "http:" || found.protocol === "https:" ? found : undefined;
  } catch {
    return undefined;
  }
}

function follow(url: string, fresh: boolean, app: string): void {
  const found = resolve(url, app);
  if (!found) return;
  const ours = found.origin === window.location.origin;
  if (fresh || !ours) window.open(found.href, "_blank", "noopener,noreferrer");
  else navigate(found.pathname + found.search);
}

export interface Scene {
  store: Store;
  app: string;
  failed: (error: unknown) => void;
}

/** What a condition without an expression asks: the field of a click, the value or the label of a choice. */
function plainly({ field, value, label }: Condition, local: Values): boolean {
  const is = (wanted: string | undefined, found: string | undefined): boolean => wanted === undefined || wanted === "*" || wanted === found;
  return is(field, local.get("click.field")) && is(value, local.get("value")) && is(label, local.get("label"));
}

async function chosen(conditions: readonly Condition[], local: Values, values: Values, app: string): Promise<Condition | undefined> {
  const asked = conditions.filter((one) => one.match !== undefined);
  const told = asked.length
    ? await evaluate(
        asked.map((one) => `if(${one.match ?? "true()"}, 1, 0)`),
        values,
        app,
      )
    : [];
  return conditions.find((one) => plainly(one, local) && (one.match === undefined || told[asked.indexOf(one)] === "1"));
}

async function act(actions: readonly Action[], local: Values, { store, app }: Scene): Promise<void> {
  for (const action of actions) {
    const values: Values = new Map([...store.pending(), ...local]);
    if (action.kind === "link") {
      const url = fill(action.url, values, "u");
      if (url !== undefined) follow(url, action.fresh, app);
    } else if (action.kind === "unset") store.set(action.token, undefined);
    else if (action.kind === "eval") store.set(action.token, (await evaluate([action.text], values, app))[0]);
    else {
      const found = fill(action.text, values);
      store.set(action.token, found === undefined ? undefined : action.prefix + found + action.suffix);
    }
  }
}

/** Run a handler; `local` are the tokens of the click, the result or the choice. */
export async function handle(handler: Handler | undefined, local: Values, scene: Scene): Promise<void> {
  if (!handler) return;
  try {
    await act(handler.actions, local, scene);
    if (handler.conditions.length) {
      const values: Values = new Map([...scene.store.pending(), ...local]);
      const found = await chosen(handler.conditions, local, values, scene.app);
      if (found) await act(found.actions, local, scene);
    }
    scene.store.publish();
  } catch (error) {
    scene.failed(error);
  }
}
