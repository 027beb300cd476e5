import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { linter, type Diagnostic } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";

import { analyse } from "./analysis";
import { completion } from "./completion";
import { asRun } from "./text";
import type { Field } from "./knowledge";
import { spl } from "./language";
import "./editor.css";

interface Props {
  label: string;
  value: string; // from outside; what a person writes goes out by onChange and does not come back
  app: string;
  onChange: (text: string) => void;
  onRun?: (text: string) => void;
  fields?: readonly Field[];
  hint?: string;
  autofocus?: boolean;
  fragment?: boolean; // a part of a search, such as a macro's definition: nothing is said of it alone
}

const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";

/** The macro call around a place, if there is one. */
function callAround(text: string, at: number): { from: number; to: number } | undefined {
  for (const match of text.matchAll(/`[^`]+`/g)) {
    if (match.index <= at && at <= match.index + match[0].length) return { from: match.index, to: match.index + match[0].length };
  }
  return undefined;
}

/** Replace the macro at the cursor, or all of them, by what they stand for. */
async function expandMacros(view: EditorView, app: string): Promise<void> {
  const text = view.state.doc.toString();
  const call = callAround(text, view.state.selection.main.head);
  if (call) {
    const { macros } = await analyse(text, app);
    const name = text.slice(call.from + 1, call.to - 1);
    const found = macros.find((m) => m.call === name);
    if (found) view.dispatch({ changes: { from: call.from, to: call.to, insert: found.text } });
    return;
  }
  const { expanded } = await analyse(text, app);
  if (expanded === null) return;
  const { search, shift } = asRun(text);
  const whole = shift > 0 && search !== text ? expanded.replace(/^search\s/, "") : expanded;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: whole } });
}

function diagnostics(app: () => string) {
  return linter(
    async (view): Promise<Diagnostic[]> => {
      const text = view.state.doc.toString();
      if (!text.trim()) return [];
      const { remarks } = await analyse(text, app()).catch(() => ({ remarks: [] }));
      if (view.state.doc.toString() !== text) return [];
      return remarks.map((r) => ({
        from: Math.min(r.start, Math.max(text.length - 1, 0)),
        to: Math.max(r.end, Math.min(r.start + 1, text.length)),
        severity: r.severity,
        source: r.code,
        message: r.hint ? `${r.message}\n${r.hint}` : r.message,
      }));
    },
    { delay: 350 },
  );
}

/** The editor of a search: Ctrl-Enter or Enter runs, Shift-Enter begins a line, Ctrl-Shift-E expands macros. */
export function Editor({ label, value, app, onChange, onRun, fields, hint, autofocus, fragment }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const latest = useRef({ app, onChange, onRun, fields });
  latest.current = { app, onChange, onRun, fields };

  useEffect(() => {
    if (!place.current) return;
    const run = (current: EditorView): boolean => {
      if (!latest.current.onRun) return false;
      latest.current.onRun(current.state.doc.toString());
      return true;
    };
    // A list that has just opened does not take Enter yet; that is no wish to run either.
    const entered = (current: EditorView): boolean => completionStatus(current.state) === "active" || run(current);
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
          history(),
          spl(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [completion(() => latest.current.app, () => latest.current.fields ?? [])], icons: false }),
          fragment ? [] : diagnostics(() => latest.current.app),
          placeholder(hint ?? ""),
          Prec.highest(
            keymap.of([
              { key: "Mod-Enter", run },
              { key: "Shift-Enter", run: insertNewlineAndIndent },
              {
                key: "Mod-Shift-e",
                run: (current) => {
                  void expandMacros(current, latest.current.app);
                  return true;
                },
              },
            ]),
          ),
          keymap.of([...completionKeymap, { key: "Tab", run: acceptCompletion }, { key: "Enter", run: entered }, ...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    if (autofocus) {
      made.focus();
      made.dispatch({ selection: { anchor: made.state.doc.length } });
    }
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value) {
      made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
    }
  }, [value]);

  return <div class="spl-editor" ref={place} />;
}
