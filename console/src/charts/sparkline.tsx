import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { JSX } from "preact";

/** A small line without axes. */
export function Sparkline({ values, bars = false }: { values: readonly number[]; bars?: boolean }): JSX.Element {
  const [width, height] = [120, 24];
  const y = scaleLinear([Math.min(0, ...values), Math.max(1, ...values)], [height - 2, 2]);
  const x = scaleLinear([0, Math.max(values.length - 1, 1)], [2, width - 2]);
  const path = line<number>((_, n) => x(n), (v) => y(v))(values) ?? "";
  return (
    <svg class="sparkline series-0" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`from ${values[0] ?? 0} to ${values.at(-1) ?? 0}, at most ${Math.max(...values)}`}>
      {bars ? values.map((v, n) => <rect key={n} x={x(n) - 1} width={Math.max(width / values.length - 1, 1)} y={y(v)} height={height - 2 - y(v)} />) : <path d={path} class="line" />}
    </svg>
  );
}
