import type { ComponentChildren } from "preact";

import { ApiError } from "../api";

/** What went wrong, in words for a person. */
export function told(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return "The server cannot be reached. Is it still running?";
  return error instanceof Error ? error.message : String(error);
}

export function Notice({ kind, children }: { kind?: "error" | "warn" | "good"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind ?? ""}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}

export function Failure({ error }: { error: unknown }) {
  return error === undefined ? null : <Notice kind="error">{told(error)}</Notice>;
}
