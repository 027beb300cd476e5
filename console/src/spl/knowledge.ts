/** What a search may name: commands and functions of the server, macros, lookups and data models of the app; fields of the last job. */

import { get, ns, type Feed } from "../api";

export interface Command {
  name: string;
  kind: string;
  options: string[];
  clauses: string[];
}

export interface Vocabulary {
  commands: Command[];
  functions: { name: string; least: number; most: number | null }[];
  aggregations: string[];
}

export interface Macro {
  name: string; // with its arity, as the stanza is called: `m(2)`
  args: string[];
  definition: string;
  app: string;
}

export interface Field {
  name: string;
  count: number;
  distinct: number;
}

export interface Knowledge {
  vocabulary: Vocabulary;
  macros: Macro[];
  lookups: string[];
  models: string[];
}

const kept = new Map<string, Promise<Knowledge>>();

async function ask(app: string): Promise<Knowledge> {
  const space = ns(app);
  const all = { count: 0 };
  const [vocabulary, macros, lookups, files, models] = await Promise.all([
    get<Vocabulary>(`${space}/caltrop/vocabulary`),
    get<Feed<{ definition?: string; args?: string }>>(`${space}/admin/macros`, all),
    get<Feed>(`${space}/data/transforms/lookups`, all),
    get<Feed>(`${space}/data/lookup-table-files`, all),
    get<Feed>(`${space}/datamodel/model`, all),
  ]);
  return {
    vocabulary,
    macros: macros.entry.map(({ name, content, acl }) => ({
      name,
      args: (content.args ?? "").split(",").map((arg) => arg.trim()).filter(Boolean),
      definition: content.definition ?? "",
      app: acl.app,
    })),
    lookups: [...new Set([...lookups.entry, ...files.entry].map(({ name }) => name))].sort(),
    models: models.entry.map(({ name }) => name).sort(),
  };
}

/** Asked once for each app, until something is changed. */
export function knowledge(app: string): Promise<Knowledge> {
  let found = kept.get(app);
  if (!found) {
    found = ask(app);
    found.catch(() => kept.delete(app));
    kept.set(app, found);
  }
  return found;
}

/** Whoever changes a macro, a lookup or a model says so. */
export function knowledgeChanged(): void {
  kept.clear();
}
