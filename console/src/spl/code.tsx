import type { JSX } from "preact";

import { pieces } from "./language";
import "./editor.css";

/** SPL to look at. */
export function Code({ text }: { text: string }): JSX.Element {
  return (
    <code class="code">
      {pieces(text).map((piece, n) => (
        <span key={n} class={piece.class || undefined}>
          {piece.text}
        </span>
      ))}
    </code>
  );
}
