/** The one way to the server: its management API, by the web port, in the name of the signed-in user. */

export type Scalar = string | number | boolean;
export type Arguments = Record<string, Scalar | readonly Scalar[] | undefined>;

export interface Message {
  type: string;
  text: string;
}

export interface User {
  username: string;
  realname: string;
  roles: string[];
  capabilities: string[];
  defaultApp: string;
}

export interface Session {
  user: User;
  formKey: string;
  management: number;
}

export interface Acl {
  app: string;
  owner: string;
  sharing: string;
  can_write?: boolean;
}

export interface Entry<C = Record<string, unknown>> {
  name: string;
  id: string;
  author: string;
  updated: string;
  acl: Acl;
  content: C;
}

export interface Feed<C = Record<string, unknown>> {
  entry: Entry<C>[];
  paging: { total: number; perPage: number; offset: number };
  messages: Message[];
}

/** A refusal in the server's own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly messages: readonly Message[],
  ) {
    super(messages.map((m) => m.text).join("\n") || `The server answered ${status}`);
  }
}

const ROOT = "/en-US";
let formKey = "";
let signedOut: () => void = () => undefined;

/** What happens when the server no longer knows the session. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

/** A name as a segment of a path; a slash in it is encoded twice, as splunkd's own links do. */
export function seg(name: string): string {
  const once = encodeURIComponent(name);
  return name.includes("/") ? encodeURIComponent(once) : once;
}

/** The namespace of an owner and an app. */
export function ns(app: string, owner = "-"): string {
  return `/servicesNS/${seg(owner)}/${seg(app)}`;
}

export function encode(args: Arguments): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  return pairs.toString();
}

async function refused(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const told = JSON.parse(text) as { messages?: Message[] };
    return new ApiError(response.status, told.messages ?? []);
  } catch {
    return new ApiError(response.status, text ? [{ type: "ERROR", text: text.slice(0, 500) }] : []);
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("X-Requested-With", "XMLHttpRequest");
  if (formKey) headers.set("X-Splunk-Form-Key", formKey);
  const response = await fetch(url, { ...init, headers, credentials: "same-origin" });
  if (response.ok) return response;
  const error = await refused(response);
  if (error.status === 401) signedOut();
  throw error;
}

/** The address of a resource of the API, for links and downloads. */
export function address(path: string, args: Arguments = {}): string {
  const query = encode(args);
  return `${ROOT}/splunkd/__raw${path.startsWith("/") ? path : `/services/${path}`}${query ? `?${query}` : ""}`;
}

interface Options {
  signal?: AbortSignal | undefined;
}

interface Ranked extends Options {
  rank?: "first" | "later" | undefined; // what a person waits for, and what is asked once nothing of that is under way
}

let awaited = 0; // requests of the first rank under way
let behind: (() => void)[] = [];

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve)); // what is drawn together asks together
  while (awaited) await new Promise<void>((resolve) => behind.push(resolve));
}

/** GET; paths are below `/services` unless they begin with a slash. Undefined for an answer without content. */
export async function get<T>(path: string, args: Arguments = {}, { signal, rank }: Ranked = {}): Promise<T> {
  if (rank === "later") await turn();
  if (rank === "first") awaited++;
  try {
    const response = await send(address(path, { output_mode: "json", ...args }), { signal: signal ?? null });
    return (response.status === 204 ? undefined : await response.json()) as T;
  } finally {
    if (rank === "first" && !--awaited) {
      for (const go of behind) go();
      behind = [];
    }
  }
}

/** POST of a form. */
export async function post<T>(path: string, form: Arguments = {}, { signal }: Options = {}): Promise<T> {
  const body = encode({ output_mode: "json", ...form });
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const response = await send(address(path), { method: "POST", body, headers, signal: signal ?? null });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** POST of a body as it is. */
export async function upload<T>(path: string, args: Arguments, body: Blob, { signal }: Options = {}): Promise<T> {
  const headers = { "Content-Type": "application/octet-stream" };
  const url = address(path, { output_mode: "json", ...args });
  const response = await send(url, { method: "POST", body, headers, signal: signal ?? null });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function remove(path: string, args: Arguments = {}): Promise<void> {
  await send(address(path, { output_mode: "json", ...args }), { method: "DELETE" });
}

// -- the session ------------------------------------------------------------------------------------------------------

/** The session of the cookie; undefined where nobody is signed in. */
export async function session(): Promise<Session | undefined> {
  const response = await send(`${ROOT}/account/session`, {});
  return response.status === 204 ? undefined : kept(await response.json());
}

export async function login(username: string, password: string): Promise<Session> {
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const body = encode({ username, password });
  return kept(await (await send(`${ROOT}/account/login`, { method: "POST", headers, body })).json());
}

export async function logout(): Promise<void> {
  await send(`${ROOT}/account/logout`, { method: "POST" });
  formKey = "";
}

function kept(found: Session): Session {
  formKey = found.formKey;
  return found;
}
