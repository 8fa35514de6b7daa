/** The page's addresses. A view is named by its first segment, what it shows by the second. */
export const VIEWS = [
  "today",
  "upcoming",
  "all",
  "list",
  "tag",
  "done",
  "trash",
  "calendar",
  "chat",
  "settings",
  "import",
  "admin",
  "login",
  "register",
] as const;

export type View = (typeof VIEWS)[number];

export interface Place {
  view: View;
  /** The list's id, the tag, the section of the settings. */
  of: string | null;
  /** The task that is open beside the view. */
  task: string | null;
}

function placeOf(location: Location): Place {
  const [first = "", second] = location.pathname.split("/").slice(1);
  const view = VIEWS.find((known) => known === first) ?? "today";
  return {
    view,
    of: second ? decodeURIComponent(second) : null,
    task: new URLSearchParams(location.search).get("task"),
  };
}

class Router {
  place = $state.raw<Place>(placeOf(location));

  constructor() {
    window.addEventListener("popstate", () => (this.place = placeOf(location)));
    document.addEventListener("click", (event) => this.#follow(event));
  }

  go(url: string, replace = false): void {
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    this.place = placeOf(location);
  }

  /** Opens a task beside the view, or closes it. */
  open(task: string | null): void {
    const url = new URL(location.href);
    if (task === null) url.searchParams.delete("task");
    else url.searchParams.set("task", task);
    this.go(url.pathname + url.search, this.place.task !== null && task !== null);
  }

  #follow(event: MouseEvent): void {
    const link = (event.target as Element).closest?.("a[href]");
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (!(link instanceof HTMLAnchorElement) || !isPlain || event.defaultPrevented) return;
    const isOurs = link.origin === location.origin && !link.target && !link.download;
    const view = link.pathname.split("/")[1];
    if (!isOurs || !VIEWS.some((known) => known === view)) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();

export function pathTo(view: View, of?: string): string {
  return of === undefined ? `/${view}` : `/${view}/${encodeURIComponent(of)}`;
}
