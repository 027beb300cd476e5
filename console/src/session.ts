import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Session } from "./api";

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session of the signed-in user; pages are only shown to one. */
export function useSession(): Session {
  const found = useContext(SessionContext);
  if (!found) throw new Error("no session");
  return found;
}

/** Whether the user has a capability. The server decides; this only spares people what it would refuse. */
export function useMay(capability: string): boolean {
  return useSession().user.capabilities.includes(capability);
}
