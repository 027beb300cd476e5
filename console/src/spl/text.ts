/** Search texts as a person writes them and as the API takes them, and edits of them that a click stands for. */

/** What the API runs for what stands in a search bar: there, a search without a leading pipe begins with `search`. */
export function asRun(text: string): { search: string; shift: number } {
  const trimmed = text.trimStart();
  const lead = text.length - trimmed.length;
  if (/^(?:[|`[]|search\s)/i.test(trimmed)) return { search: trimmed, shift: -lead };
  return { search: `search ${trimmed}`, shift: "search ".length - lead };
}

interface Scan {
  pipe: number; // the first pipe of the main search, -1 without one
}

/** Where the main search splits: quotes, brackets, macros and comments hold pipes of their own. */
function scan(text: string): Scan {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (text.startsWith("```", at)) {
      const end = text.indexOf("```", at + 3);
      at = end < 0 ? text.length : end + 2;
    } else if (c === "`" || c === '"') {
      const end = closing(text, at, c);
      at = end < 0 ? text.length : end;
    } else if (c === "[") depth++;
    else if (c === "]") depth--;
    else if (c === "|" && depth <= 0 && text.slice(0, at).trim()) return { pipe: at };
  }
  return { pipe: -1 };
}

function closing(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** A value as a search term takes it. */
export function quoted(value: string): string {
  return `"${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

/** A field's name, quoted where the syntax needs it. */
export function fieldName(name: string): string {
  return /^[A-Za-z_][\w.]*$/.test(name) && !/^(?:AND|OR|NOT|IN|BY|AS)$/i.test(name) ? name : quoted(name);
}

export function term(field: string, value: string, include = true): string {
  return include ? `${fieldName(field)}=${quoted(value)}` : `NOT ${fieldName(field)}=${quoted(value)}`;
}

/** The search with one more condition on its events; one that has none gets it as a last stage. */
export function withTerm(text: string, condition: string): string {
  const trimmed = text.trim();
  if (!trimmed) return condition;
  if (trimmed.startsWith("|")) return `${trimmed}\n| search ${condition}`;
  const { pipe } = scan(trimmed);
  if (pipe < 0) return `${trimmed} ${condition}`;
  return `${trimmed.slice(0, pipe).trimEnd()} ${condition} ${trimmed.slice(pipe)}`;
}

/** The part of a search that finds its events. */
export function eventsOf(text: string): string {
  const { pipe } = scan(text.trim());
  return pipe < 0 ? text.trim() : text.trim().slice(0, pipe).trimEnd();
}

/** The search with one more stage. */
export function withStage(text: string, stage: string): string {
  return `${text.trim()}\n| ${stage}`;
}

/** Offsets in characters, as the server counts, to offsets in UTF-16 units, as browsers do. */
export function offsets(text: string): (characters: number) => number {
  if (!/[\ud800-\udbff]/.test(text)) return (n) => n;
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  return (n) => starts[n] ?? at;
}
