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
  tests: Tried[]; // of the one that was asked for; empty of the others
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
const WATCH = 3_000; // and, while the page is seen, at what was saved
const SHARE = 20; // of the time that a look takes: a large repository is looked at less often

export interface Editing {
  content: Content | undefined;
  error: unknown;
  run: (file: string) => void;
  stop: () => void;
  look: () => void;
}

/** The repository with the tests of the detection in `file`, looked at again and again while a run is under way. */
export function useContent(file: string): Editing {
  const may = useMay("admin_all_objects");
  const [content, setContent] = useState<Content | undefined>();
  const [error, setError] = useState<unknown>();
  const queue = useRef<Promise<unknown>>(Promise.resolve()); // one question after the other: a look never overtakes a run
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  const last = useRef("");
  const took = useRef(0);
  const take = (ask: () => Promise<Content | null>): void => {
    const begun = performance.now();
    queue.current = queue.current.then(ask).then(
      (told) => {
        took.current = performance.now() - begun;
        const written = JSON.stringify(told);
        if (!mounted.current || (written === last.current && !told?.running)) return;
        last.current = written;
        setContent(told ?? undefined);
      },
      (failure: unknown) => {
        if (!mounted.current) return;
        setError(failure);
        setContent((before) => before && { ...before }); // a run goes on, and is looked at again
      },
    );
  };
  const fresh = (): Promise<Content | null> => get<Content | null>("caltrop/content", { file });
  /** What a person asks for: what was wrong before is over. */
  const asked = (ask: () => Promise<Content | null>): void => {
    setError(undefined);
    take(ask);
  };
  useEffect(() => {
    if (may) take(fresh);
  }, [may, file]);
  useEffect(() => {
    if (!content?.running) return;
    const timer = setTimeout(() => take(fresh), LOOK);
    return () => clearTimeout(timer);
  }, [content, file]);
  const there = content !== undefined;
  useEffect(() => {
    if (!there) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (): void => {
      clearTimeout(timer);
      if (document.visibilityState !== "visible") return;
      timer = setTimeout(() => {
        take(fresh);
        void queue.current.then(watch);
      }, Math.max(WATCH, SHARE * took.current));
    };
    const back = (): void => {
      if (document.visibilityState === "visible") take(fresh);
      watch();
    };
    watch();
    document.addEventListener("visibilitychange", back);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", back);
    };
  }, [there, file]);
  return {
    content,
    error,
    look: () => asked(fresh),
    run: (which) => asked(() => post<Content>("caltrop/content", { file: which })),
    stop: () => asked(() => remove("caltrop/content").then(fresh)),
  };
}
