/** ATT&CK Enterprise: names and tactics of techniques, the same table that content is checked by, loaded when a matrix is shown. */

export interface Technique {
  id: string;
  name: string;
  tactics: string[];
}

// In the order of the matrix; tactics that a later release adds come after them.
const ORDER = [
  "Reconnaissance",
  "Resource Development",
  "Initial Access",
  "Execution",
  "Persistence",
  "Privilege Escalation",
  "Defense Evasion",
  "Stealth",
  "Defense Impairment",
  "Credential Access",
  "Discovery",
  "Lateral Movement",
  "Collection",
  "Command And Control",
  "Exfiltration",
  "Impact",
];
export const UNKNOWN = "Not in ATT&CK";

export async function techniques(): Promise<Map<string, Technique>> {
  const { default: text } = await import("../../../../caltrop/content/attack.csv?raw");
  const found = new Map<string, Technique>();
  for (const line of text.trim().split(/\r?\n/).slice(1)) {
    const [id, name, tactics] = cells(line);
    if (id) found.set(id, { id, name: name ?? "", tactics: (tactics ?? "").split("|").filter(Boolean) });
  }
  return found;
}

/** A line of CSV; names with a comma are quoted. */
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"')));
}

/** What there is of a technique. Proved: the last run of its tests passed, and its file was not saved since. */
export interface Covered {
  technique: Technique;
  detections: number;
  enabled: number;
  proved: number;
}

export interface Detects {
  name: string;
  techniques: readonly string[];
  enabled: boolean;
  proved: boolean;
}

/** A column a tactic, with its techniques by id; `every`: also those that nothing detects. A technique stands in each of its tactics. */
export function matrix(known: ReadonlyMap<string, Technique>, detections: readonly Detects[], every: boolean): [string, Covered[]][] {
  const cells = new Map<string, Covered>();
  const cell = (id: string): Covered => {
    const there = cells.get(id);
    if (there) return there;
    const made = { technique: known.get(id) ?? { id, name: "", tactics: [UNKNOWN] }, detections: 0, enabled: 0, proved: 0 };
    cells.set(id, made);
    return made;
  };
  if (every) for (const id of known.keys()) cell(id);
  for (const { techniques: ids, enabled, proved } of detections)
    for (const id of new Set(ids.map((one) => one.trim().toUpperCase()).filter(Boolean))) {
      const one = cell(id);
      one.detections += 1;
      one.enabled += Number(enabled);
      one.proved += Number(proved);
    }
  const columns = new Map<string, Covered[]>();
  for (const one of [...cells.values()].sort((a, b) => a.technique.id.localeCompare(b.technique.id)))
    for (const tactic of one.technique.tactics) columns.set(tactic, [...(columns.get(tactic) ?? []), one]);
  const place = (tactic: string): number => {
    const at = ORDER.indexOf(tactic);
    return tactic === UNKNOWN ? ORDER.length + 1 : at < 0 ? ORDER.length : at;
  };
  return [...columns].sort(([a], [b]) => place(a) - place(b));
}
