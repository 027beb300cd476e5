import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";

import { get, ns } from "../api";
import { knowledge, type Field } from "./knowledge";
import { quoted } from "./text";

const DEFAULT_FIELDS = ["index", "source", "sourcetype", "host", "earliest", "latest"];
const AGGREGATING = new Set(["stats", "chart", "timechart", "eventstats", "streamstats", "tstats", "mstats", "sistats", "sichart", "sitimechart"]);
const LOOKUPS = new Set(["lookup", "inputlookup", "outputlookup"]);

/** The stage that a place is in: its command, and whether that is still being written. */
function stage(text: string): { command: string; naming: boolean } {
  const start = Math.max(text.lastIndexOf("|"), text.lastIndexOf("["));
  const here = text.slice(start + 1).trimStart();
  if (start < 0) return { command: "search", naming: false };
  const word = /^\w*/.exec(here)?.[0] ?? "";
  return { command: word.toLowerCase(), naming: word.length === here.length };
}

/** Completions from the words of the server; `fields` gives those of the last job. */
export function completion(app: () => string, fields: () => readonly Field[]) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const known = await knowledge(app());
    if (context.aborted) return null;
    const before = context.state.sliceDoc(0, context.pos);
    const macro = context.matchBefore(/`\w*$/);
    if (macro && before.split("`").length % 2 === 0) {
      const options = known.macros.map(({ name, args, definition, app: of }): Completion => {
        const call = name.replace(/\(\d+\)$/, "") + (args.length ? `(${args.join(", ")})` : "");
        return { label: `\`${call}\``, type: "macro", detail: of, info: definition };
      });
      return { from: macro.from, options, validFor: /^`\w*$/ };
    }
    const value = context.matchBefore(/\b(?:index|sourcetype|source|host)="?[^\s"|()]*$/i);
    if (value) return values(value.text, value.to, app());
    const word = context.matchBefore(/[\w.:{}*-]*$/);
    const { command, naming } = stage(before);
    if (!word || (!word.text && !context.explicit && !(naming && /[|[]\s*$/.test(before)))) return null;
    const options: Completion[] = [];
    if (naming) {
      for (const c of known.vocabulary.commands) options.push({ label: c.name, type: "keyword", detail: c.kind });
      return { from: word.from, options, validFor: /^\w*$/ };
    }
    if (LOOKUPS.has(command)) options.push(...known.lookups.map((label) => ({ label, type: "class", detail: "lookup" })));
    if (/\bdatamodel\s*=?\s*[\w.]*$/i.test(before)) {
      options.push(...known.models.map((label) => ({ label, type: "class", detail: "data model" })));
    }
    for (const f of fields()) {
      options.push({ label: f.name, type: "property", detail: `${f.count.toLocaleString("en")} events, ${f.distinct} values`, boost: 2 });
    }
    const declared = known.vocabulary.commands.find((c) => c.name === command);
    for (const name of declared?.options ?? []) options.push({ label: `${name}=`, type: "variable", detail: "option" });
    for (const name of declared?.clauses ?? []) options.push({ label: name, type: "keyword", detail: "clause", boost: 1 });
    if (AGGREGATING.has(command)) {
      for (const name of known.vocabulary.aggregations) options.push({ label: name, apply: `${name}(`, type: "function", detail: "aggregation" });
    } else if (command !== "search") {
      for (const { name, least, most } of known.vocabulary.functions) {
        const takes = most === null ? `${least} or more` : least === most ? `${least}` : `${least} to ${most}`;
        options.push({ label: name, apply: `${name}(`, type: "function", detail: `takes ${takes}` });
      }
    }
    if (command === "search") options.push(...DEFAULT_FIELDS.map((label) => ({ label: `${label}=`, type: "property" })));
    return { from: word.from, options, validFor: /^[\w.:{}*-]*$/ };
  };
}

interface Typed {
  results: { content: string; count: number }[];
}

/** Values of a default field, with counts, as the server's typeahead knows them. */
async function values(text: string, to: number, app: string): Promise<CompletionResult | null> {
  const [field = "", begun = ""] = text.split("=", 2);
  const prefix = `${field.toLowerCase()}=${begun.replace(/^"/, "")}`;
  const found = await get<Typed | undefined>(`${ns(app)}/search/typeahead`, { prefix, count: 50 }).catch(() => undefined);
  const options = (found?.results ?? []).map(({ content, count }): Completion => {
    const plain = content.slice(content.indexOf("=") + 1).replace(/^"|"$/g, "");
    return { label: /^[\w.:*-]+$/.test(plain) ? plain : quoted(plain), type: "text", detail: count ? `${count.toLocaleString("en")} events` : "" };
  });
  return options.length ? { from: to - begun.length, options } : null;
}
