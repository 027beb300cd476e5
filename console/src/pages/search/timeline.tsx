import { scaleLinear, scaleUtc } from "d3-scale";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../../api";
import { timeTicks } from "../../charts/time";
import { shows, version, type Job, type Range } from "../../jobs";
import { useLoading } from "../../ui/loading";

interface Bucket {
  total_count: number;
  earliest_time: number;
  duration: number;
}

const HEIGHT = 90;
const BASE = 54;

/** Events over time; dragging over it, or Enter on a bar, chooses a narrower range. */
export function Timeline({ job, choose }: { job: Job; choose: (range: Range) => void }): JSX.Element {
  const { value } = useLoading(
    (signal) => (shows(job) ? get<{ buckets: Bucket[] }>(`search/v2/jobs/${encodeURIComponent(job.sid)}/timeline`, {}, { signal, rank: "later" }) : Promise.resolve({ buckets: [] })),
    [version(job)],
  );
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>();
  const [focus, setFocus] = useState(0);
  useEffect(() => {
    if (!place.current) return undefined;
    const watcher = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  const buckets = value?.buckets ?? [];
  const first = buckets[0];
  const last = buckets.at(-1);
  if (!first || !last || width < 40) return <div class="timeline" ref={place} />;
  const span = first.duration;
  const x = scaleUtc([first.earliest_time * 1000, (last.earliest_time + span) * 1000], [0, width]);
  const y = scaleLinear([0, Math.max(...buckets.map((b) => b.total_count))], [BASE, 4]);
  const bar = Math.max(1, x((first.earliest_time + span) * 1000) - x(first.earliest_time * 1000) - 1);
  const wanted = Math.max(2, Math.floor(width / 130));
  const within = (event: PointerEvent): number => Math.min(width, Math.max(0, event.clientX - (place.current?.getBoundingClientRect().left ?? 0)));
  const narrowed = (from: number, to: number): void => {
    const low = Math.floor(Math.min(from, to) / span) * span;
    choose({ earliest: String(low), latest: String(Math.max(Math.ceil(Math.max(from, to) / span) * span, low + span)) });
  };
  const focused = buckets[Math.min(focus, buckets.length - 1)];
  const about = (b: Bucket): string => `${b.total_count.toLocaleString("en")} events from ${new Date(b.earliest_time * 1000).toISOString().replace(".000Z", "Z")}, for ${spanName(b.duration)}`;
  return (
    <div
      class="timeline"
      ref={place}
      role="slider"
      tabIndex={0}
      aria-label="Timeline: arrows move, Enter zooms in"
      aria-valuemin={0}
      aria-valuemax={buckets.length - 1}
      aria-valuenow={Math.min(focus, buckets.length - 1)}
      aria-valuetext={focused ? about(focused) : ""}
      onKeyDown={(event) => {
        if (event.key === "ArrowRight") setFocus(Math.min(focus + 1, buckets.length - 1));
        else if (event.key === "ArrowLeft") setFocus(Math.max(focus - 1, 0));
        else if (event.key === "Enter" && focused) narrowed(focused.earliest_time, focused.earliest_time + span);
        else return;
        event.preventDefault();
      }}
      onPointerDown={(event) => {
        const at = within(event);
        place.current?.setPointerCapture(event.pointerId);
        setDrag({ from: at, to: at });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: within(event) })}
      onPointerUp={() => {
        if (drag && Math.abs(drag.to - drag.from) > 4) narrowed(x.invert(drag.from).getTime() / 1000, x.invert(drag.to).getTime() / 1000);
        setDrag(undefined);
      }}
      onDblClick={(event) => {
        const at = x.invert(within(event as unknown as PointerEvent)).getTime() / 1000;
        narrowed(at, at + 1);
      }}
    >
      <svg width={width} height={HEIGHT} aria-hidden="true">
        {buckets.map((b, n) => (
          <rect key={b.earliest_time} class={n === focus ? "bar here" : "bar"} x={x(b.earliest_time * 1000)} width={bar} y={y(b.total_count)} height={BASE - y(b.total_count)}>
            <title>{about(b)}</title>
          </rect>
        ))}
        <line x1={0} x2={width} y1={BASE} y2={BASE} />
        {timeTicks(x, wanted).map(({ at, text, below }) => (
          <g key={at}>
            <text x={at} y={BASE + 15} text-anchor={at < 30 ? "start" : at > width - 30 ? "end" : "middle"}>
              {text}
            </text>
            <text x={at} y={BASE + 30} text-anchor={at < 60 ? "start" : at > width - 60 ? "end" : "middle"}>
              {below}
            </text>
          </g>
        ))}
        {drag && <rect class="brush" x={Math.min(drag.from, drag.to)} width={Math.abs(drag.to - drag.from)} y={0} height={BASE} />}
      </svg>
      <span class="timeline-span">1 bar: {spanName(span)}</span>
    </div>
  );
}

function spanName(seconds: number): string {
  const names: [number, string][] = [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, name] = names.find(([n]) => seconds >= n && seconds % n === 0) ?? [1, "second"];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
