/** Addresses of the console: what is shown is in the address, so that it can be shared, kept and gone back to. */

import { useEffect, useState } from "preact/hooks";

export const ROOT = "/en-US";

export interface Place {
  path: readonly string[]; // below the root, decoded
  query: URLSearchParams;
  url: string;
}

const watchers = new Set<() => void>();

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function place(): Place {
  const { pathname, search } = window.location;
  const path = pathname.split("/").filter(Boolean).slice(1).map(decoded);
  return { path, query: new URLSearchParams(search), url: pathname + search };
}

export function navigate(url: string, { replace = false } = {}): void {
  if (url === window.location.pathname + window.location.search) replace = true;
  window.history[replace ? "replaceState" : "pushState"](null, "", url);
  for (const told of watchers) told();
}

/** Where the console is; the component renders again when that changes. */
export function usePlace(): Place {
  const [here, setHere] = useState(place);
  useEffect(() => {
    const look = (): void => setHere(place());
    watchers.add(look);
    window.addEventListener("popstate", look);
    look(); // a part of the page may have moved on before this one listened
    return () => {
      watchers.delete(look);
      window.removeEventListener("popstate", look);
    };
  }, []);
  return here;
}

/** Plain links within the console do not load the page again. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
    if (!link.pathname.startsWith(`${ROOT}/`) || link.pathname.startsWith(`${ROOT}/splunkd/`)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

/** The address of a search. */
export function searchUrl(search: string, args: { earliest?: string; latest?: string; app?: string } = {}): string {
  const query = new URLSearchParams({ q: search });
  if (args.earliest !== undefined) query.set("earliest", args.earliest);
  if (args.latest !== undefined) query.set("latest", args.latest);
  return `${ROOT}/app/${encodeURIComponent(args.app ?? "search")}/search?${query}`;
}
