import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Loading<T> {
  value: T | undefined; // the latest that came; stays while the next is asked for, so that nothing jumps
  error: unknown;
  busy: boolean;
  again: () => void;
}

/** Ask for something whenever `inputs` change; an answer that was overtaken is dropped and its request given up. */
export function useLoading<T>(ask: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loading<T> {
  const [state, setState] = useState<Omit<Loading<T>, "again">>({ value: undefined, error: undefined, busy: true });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useLayoutEffect(() => {
    const control = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    latest
      .current(control.signal)
      .then((value) => !control.signal.aborted && setState({ value, error: undefined, busy: false }))
      .catch((error: unknown) => {
        if (!control.signal.aborted) setState((before) => ({ ...before, error, busy: false }));
      });
    return () => control.abort();
  }, [...inputs, round]);
  return { ...state, again: useCallback(() => setRound((n) => n + 1), []) };
}
