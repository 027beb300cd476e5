import { useEffect, useState } from "preact/hooks";

import { logout, onSignedOut, session as ask, type Session } from "./api";
import { DashboardPage } from "./pages/dashboard";
import { DashboardsPage } from "./pages/dashboard/list";
import { DataPage } from "./pages/data";
import { DetectionsPage } from "./pages/detections";
import { TunePage } from "./pages/detections/tune";
import { Login } from "./pages/login";
import { RiskPage } from "./pages/risk";
import { SearchPage } from "./pages/search";
import { ServerPage } from "./pages/server";
import { navigate, ROOT, usePlace, type Place } from "./router";
import { SessionContext } from "./session";
import { Boundary } from "./ui/boundary";
import { Failure } from "./ui/notice";

const HOME = `${ROOT}/app/search/search`;
interface Listed {
  name: string;
  url: string;
  is: (path: readonly string[]) => boolean;
  needs?: string; // a capability without which the page has nothing to offer
}

const PAGES: readonly Listed[] = [
  { name: "Search", url: HOME, is: (path: readonly string[]) => path[0] === "app" && path[2] === "search" },
  { name: "Data", url: `${ROOT}/console/data`, is: (path) => path[0] === "console" && path[1] === "data" },
  { name: "Detections", url: `${ROOT}/console/detections`, is: (path) => path[0] === "console" && path[1] === "detections" },
  { name: "Tune", url: `${ROOT}/console/tune`, is: (path) => path[0] === "console" && path[1] === "tune" },
  { name: "Dashboards", url: `${ROOT}/console/dashboards`, is: (path: readonly string[]) => path[1] === "dashboards" || (path[0] === "app" && path[2] !== undefined && path[2] !== "search") },
  { name: "Risk", url: `${ROOT}/console/risk`, is: (path) => path[0] === "console" && path[1] === "risk" },
  { name: "Server", url: `${ROOT}/console/server`, is: (path: readonly string[]) => path[0] === "console" && path[1] === "server", needs: "list_settings" },
];

export function App() {
  const [session, setSession] = useState<Session | undefined>();
  const [known, setKnown] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    onSignedOut(() => setSession(undefined));
    ask()
      .then(setSession, setError)
      .finally(() => setKnown(true));
  }, []);
  if (error !== undefined) return <Failure error={error} />;
  if (!known) return null;
  if (!session) return <Login then={setSession} />;
  return (
    <SessionContext.Provider value={session}>
      <Shell session={session} leave={() => setSession(undefined)} />
    </SessionContext.Provider>
  );
}

function Shell({ session, leave }: { session: Session; leave: () => void }) {
  const here = usePlace();
  useEffect(() => {
    // On a telephone the rows of pages and parts are wider than the window: where one is, is seen.
    for (const one of document.querySelectorAll('nav [aria-current="page"]')) one.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [here.url]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="topbar">
        <a class="brand" href={`${ROOT}/`}>
          Caltrop
        </a>
        <nav aria-label="Pages">
          {PAGES.filter((page) => !page.needs || session.user.capabilities.includes(page.needs)).map(({ name, url, is }) => (
            <a key={name} href={url} aria-current={is(here.path) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <div class="who">
          <span>{session.user.realname || session.user.username}</span>
          <button class="button plain" onClick={() => void logout().finally(leave)}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Boundary of={here.url}>
          <Page here={here} />
        </Boundary>
      </main>
    </>
  );
}

function Page({ here }: { here: Place }) {
  const { path } = here;
  useEffect(() => {
    if (!path.length) navigate(HOME, { replace: true });
  }, [path.length]);
  if (path[0] === "app" && path[1] && path[2] === "search") return <SearchPage here={here} app={path[1]} key={path[1]} />;
  if (path[0] === "app" && path[1] && path[2]) return <DashboardPage here={here} app={path[1]} name={path[2]} key={`${path[1]}/${path[2]}`} />;
  if (path[0] === "console" && path[1] === "data") return <DataPage />;
  if (path[0] === "console" && path[1] === "detections") return <DetectionsPage here={here} />;
  if (path[0] === "console" && path[1] === "tune") return <TunePage macro={here.query.get("macro") ?? ""} />;
  // Pages of Splunk Web that views link to, and what stands for them here.
  if (path[0] === "manager" && path[2] === "admin" && path[3] === "macros" && path[4]) return <TunePage macro={path[4]} />;
  if (path[0] === "manager" && path[2] === "saved" && path[3] === "searches") return <DetectionsPage here={here} />;
  if (path[0] === "console" && path[1] === "dashboards") return <DashboardsPage />;
  if (path[0] === "console" && path[1] === "risk") return <RiskPage />;
  if (path[0] === "console" && path[1] === "server") return <ServerPage here={here} />;
  if (!path.length) return null;
  return (
    <div class="page-head">
      <h1>There is no such page</h1>
    </div>
  );
}
