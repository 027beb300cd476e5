/** Tokens: `$name$` in a view, with a filter after `|`; `$$` is a dollar sign. As `caltrop/dialect/simplexml/tokens.py` says them. */

export type Values = ReadonlyMap<string, string>;

const TOKEN = /\$\$|\$([^\s$|][^$|\n]*?)(?:\|([a-z]))?\$/g;

const FILTERS: Record<string, (value: string) => string> = {
  s: (value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  u: encodeURIComponent,
  h: (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
};

export function names(text: string): string[] {
  return [...new Set([...text.matchAll(TOKEN)].flatMap((m) => m[1] ?? []))];
}

/** The text with values in it; undefined where one is missing: then Splunk waits. `usual` is the filter that the place has by itself. */
export function fill(text: string, values: Values, usual = "n"): string | undefined {
  return names(text).every((name) => values.has(name)) ? filled(text, values, usual) : undefined;
}

/** The text with the values that are there; a token without one stays as it is written. */
export function filled(text: string, values: Values, usual = "n"): string {
  return text.replace(TOKEN, (all, name: string | undefined, filter: string | undefined) => {
    if (name === undefined) return "$";
    const found = values.get(name);
    return found === undefined ? all : (FILTERS[filter ?? usual] ?? String)(found);
  });
}

/** The same for a place that is text and no markup, where `|h` has nothing to do. */
export function plain(text: string, values: Values): string {
  return filled(text.replaceAll("|h$", "$"), values);
}
