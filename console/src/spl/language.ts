/** How SPL is coloured. What a search means is the server's to say (`analysis.ts`); this only looks at the shape of its words. */

import { HighlightStyle, LanguageSupport, StreamLanguage, syntaxHighlighting, type StringStream } from "@codemirror/language";
import { tags } from "@lezer/highlight";

interface State {
  command: string; // of the stage, lower case; empty where its name is still to come
  before: string; // the command around a subsearch
  stack: string[];
}

const KEYWORDS = new Set(["and", "or", "not", "xor", "in", "like", "by", "as", "over", "output", "outputnew", "where", "from"]);
const SEARCHES = new Set(["search", ""]);

function token(stream: StringStream, state: State): string | null {
  if (stream.eatSpace()) return null;
  if (stream.match("```")) {
    while (!stream.eol() && !stream.match("```", false)) stream.next();
    stream.match("```");
    return "comment";
  }
  if (stream.match(/^`(?:[^`"]|"[^"]*")*`?/)) return "macroName";
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) {
    return stream.match(/^\s*=(?!=)/, false) ? "propertyName" : "string";
  }
  if (stream.match(/^'(?:[^'\\]|\\.)*'?/)) return "propertyName";
  if (stream.match(/^\$[\w:.|-]+\$/)) return "meta";
  const c = stream.peek() ?? "";
  if (c === "|") {
    stream.next();
    state.command = "|";
    return "operator";
  }
  if (c === "[") {
    stream.next();
    state.stack.push(state.command);
    state.command = "|";
    return "squareBracket";
  }
  if (c === "]") {
    stream.next();
    state.command = state.stack.pop() ?? "";
    return "squareBracket";
  }
  if (c === "(" || c === ")") {
    stream.next();
    return "paren";
  }
  if (stream.match(/^(?:[<>!=]=?|[-+*/%,])/)) return "operator";
  if (stream.match(/^-?\d+(?:\.\d+)?(?:[smhdwqy]|mon)?(?![\w.])/)) return "number";
  const word = stream.match(/^[^\s|[\]()"'`,=<>!]+/) as RegExpMatchArray | null;
  if (!word) {
    stream.next();
    return null;
  }
  const text = word[0].toLowerCase();
  if (state.command === "|") {
    state.command = text;
    return "keyword";
  }
  if (state.command === "" && text === "search" && stream.match(/^\s/, false)) {
    state.command = "search";
    return "keyword";
  }
  if (stream.match(/^\s*\(/, false) && !KEYWORDS.has(text) && !SEARCHES.has(state.command)) return "function";
  if (KEYWORDS.has(text)) return "operatorKeyword";
  if (stream.match(/^\s*(?:[<>!]?=)/, false)) return "propertyName";
  return SEARCHES.has(state.command) ? "literal" : "variableName";
}

const parser = StreamLanguage.define<State>({
  name: "spl",
  startState: () => ({ command: "", before: "", stack: [] }),
  copyState: (state) => ({ ...state, stack: [...state.stack] }),
  token,
  tokenTable: {
    macroName: tags.macroName,
    propertyName: tags.propertyName,
    operatorKeyword: tags.operatorKeyword,
    squareBracket: tags.squareBracket,
    paren: tags.paren,
    function: tags.function(tags.variableName),
    literal: tags.literal,
  },
  languageData: { closeBrackets: { brackets: ["(", "[", '"'] }, commentTokens: { block: { open: "```", close: "```" } } },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, class: "spl-command" },
  { tag: tags.operatorKeyword, class: "spl-keyword" },
  { tag: tags.function(tags.variableName), class: "spl-function" },
  { tag: tags.string, class: "spl-string" },
  { tag: tags.number, class: "spl-number" },
  { tag: tags.propertyName, class: "spl-field" },
  { tag: tags.macroName, class: "spl-macro" },
  { tag: tags.comment, class: "spl-comment" },
  { tag: tags.meta, class: "spl-token" },
]);

export function spl(): LanguageSupport {
  return new LanguageSupport(parser, [syntaxHighlighting(colours)]);
}

export interface Piece {
  text: string;
  class: string;
}

const CLASSES: Record<string, string> = {
  keyword: "spl-command",
  operatorKeyword: "spl-keyword",
  function: "spl-function",
  string: "spl-string",
  number: "spl-number",
  propertyName: "spl-field",
  macroName: "spl-macro",
  comment: "spl-comment",
  meta: "spl-token",
};

/** SPL that is shown and not edited, in coloured pieces. A cheap scan by the same words that the editor knows. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  const rule = /(```[\s\S]*?(?:```|$))|(`[^`]*`?)|("(?:[^"\\]|\\.)*"?)|(\$[\w:.|-]+\$)|([|[]\s*)([A-Za-z_]\w*)?|([A-Za-z_][\w.]*(?=\s*\())|([A-Za-z_][\w.{}]*(?=\s*[<>!]?=))|\b(AND|OR|NOT|BY|AS|OVER|IN|OUTPUT|OUTPUTNEW|where)\b/gi;
  let at = 0;
  const add = (piece: string | undefined, name: string): void => {
    if (piece) found.push({ text: piece, class: name });
  };
  const first = /^\s*[A-Za-z_]\w*(?=\s|$)/.exec(text);
  if (first) {
    add(first[0], CLASSES["keyword"] ?? "");
    rule.lastIndex = at = first[0].length;
  }
  for (let match = rule.exec(text); match; match = rule.exec(text)) {
    add(text.slice(at, match.index), "");
    const [whole, comment, macro, string, tokens, lead, command, func, field, word] = match;
    if (lead !== undefined) {
      add(lead, "");
      add(command, CLASSES["keyword"] ?? "");
    } else {
      const kind = comment ? "comment" : macro ? "macroName" : string ? "string" : tokens ? "meta" : func ? "function" : field ? "propertyName" : word ? "operatorKeyword" : "";
      add(whole, CLASSES[kind] ?? "");
    }
    at = match.index + whole.length;
    if (!whole.length) rule.lastIndex++;
  }
  add(text.slice(at), "");
  return found;
}
