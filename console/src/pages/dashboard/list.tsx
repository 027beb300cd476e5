import type { JSX } from "preact";

import { get, type Feed } from "../../api";
import { useLoading } from "../../ui/loading";
import { Failure } from "../../ui/notice";
import { viewsOf, viewUrl } from ".";

/** The views of every installed app. */
export function DashboardsPage(): JSX.Element {
  const { value, error, busy } = useLoading(async (signal) => {
    const apps = await get<Feed<{ label?: string; disabled?: boolean }>>("apps/local", { count: 0 }, { signal });
    const shown = apps.entry.filter((app) => !app.content.disabled);
    const views = await Promise.all(shown.map(async (app) => ({ app: app.name, label: app.content.label || app.name, views: await viewsOf(app.name, signal) })));
    return views.filter((one) => one.views.length);
  }, []);
  return (
    <>
      <div class="page-head">
        <h1>Dashboards</h1>
      </div>
      <Failure error={error} />
      {value?.map(({ app, label, views }) => (
        <section class="panel" key={app} aria-label={label}>
          <header>
            <h2>{label}</h2>
          </header>
          <div class="scroll" tabIndex={0} role="group" aria-label={`Views of ${label}`}>
            <table class="plain dash-list">
              <thead>
                <tr>
                  <th>Title</th>
                  <th>Description</th>
                  <th>Name</th>
                </tr>
              </thead>
              <tbody>
                {views.map((view) => (
                  <tr key={view.name}>
                    <td>
                      <a href={viewUrl(app, view.name)}>{view.label}</a>
                    </td>
                    <td>{view.description}</td>
                    <td class="muted mono">{view.name}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ))}
      {value && !value.length && <p class="muted">No installed app has a view. Install a package under Server, or start with `caltrop serve --app PACKAGE`.</p>}
      {busy && !value && <p class="muted">Looking…</p>}
    </>
  );
}
