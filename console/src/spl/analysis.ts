/** What the server says of a search before it runs (`caltrop/analysis`), with places in the text of the editor. */

import { ns, post } from "../api";
import { asRun, offsets } from "./text";

export interface Remark {
  severity: "error" | "warning" | "info";
  code: string;
  message: string;
  hint: string;
  start: number;
  end: number;
}

export interface Analysis {
  remarks: Remark[];
  expanded: string | null;
  macros: { call: string; text: string }[];
}

export async function analyse(text: string, app: string, signal?: AbortSignal): Promise<Analysis> {
  const { search, shift } = asRun(text);
  const found = await post<Analysis>(`${ns(app)}/caltrop/analysis`, { q: search }, { signal });
  const at = offsets(search);
  const place = (n: number): number => Math.max(0, Math.min(text.length, at(n) - shift));
  return {
    ...found,
    remarks: found.remarks.map((r) => ({ ...r, start: place(r.start), end: Math.max(place(r.end), place(r.start)) })),
  };
}
