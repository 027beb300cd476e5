/** The repository that is being edited beside the server (`caltrop serve --content`): its detections, and runs of their tests. */

import { useEffect, useRef, useState } from "preact/hooks";

import { get, post, remove } from "../../api";
import { useMay } from "../../session";

export interface Check {
  name: string;
  passed: boolean;
  seen: string;
  line: number;
}

export interface Tried {
  name: string;
  line: number;
  status: string;
  error: string;
  events: number;
  hits: number;
  milliseconds: number;
  checks: Check[];
  why: string[];
}

export interface Verdict {
  status: string;
  verdict: string;
  at: number;
  stale: boolean;
  tests: Tried[];
}

export interface Edited {
  file: string;
  name: string;
  type: string;
  techniques: string[];
  stories: string[];
  tests: number;
  problems: string[];
  last: Verdict | null;
}

export interface Content {
  root: string;
  detections: Edited[];
  problems: string[];
  running: { file: string; since: number; done: number; said: string } | null;
  failed: string;
}

const LOOK = 500; // milliseconds between two looks at a run

export interface Editing {
  content: Content | undefined;
  error: unknown;
  run: (file: string) => void;
  stop: () => void;
  look: () => void;
}

/** The repository, looked at again and again while a run is under way. */
export function useContent(): Editing {
  const may = useMay("admin_all_objects");
  const [content, setContent] = useState<Content | undefined>();
  const [error, setError] = useState<unknown>();
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  const take = (asked: Promise<Content | null>): void => {
    asked.then(
      (told) => {
        if (!mounted.current) return;
        setError(undefined);
        setContent(told ?? undefined);
      },
      (failure: unknown) => mounted.current && setError(failure),
    );
  };
  const look = (): void => take(get<Content | null>("caltrop/content"));
  useEffect(() => {
    if (may) look();
  }, [may]);
  useEffect(() => {
    if (!content?.running) return;
    const timer = setTimeout(look, LOOK);
    return () => clearTimeout(timer);
  }, [content]);
  return {
    content,
    error,
    look,
    run: (file) => take(post<Content>("caltrop/content", { file })),
    stop: () => take(remove("caltrop/content").then(() => get<Content | null>("caltrop/content"))),
  };
}
