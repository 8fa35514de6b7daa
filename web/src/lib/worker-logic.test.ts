import { describe, expect, it } from "vitest";
import router from "./router.svelte.ts?raw";
import {
  PAGE_SEGMENTS,
  addressOf,
  cacheNameOf,
  completionOf,
  dueOfReminder,
  handlingOf,
  isOfVersion,
  isSameReminder,
  noticeOfFailure,
  noticeOfPage,
  noticeOfPush,
  showingOf,
  staleCaches,
  stepOf,
  windowToUse,
  type About,
  type Handling,
} from "./worker-logic";

const ORIGIN = "https://todo.example";
const KEPT = ["/", "/manifest.webmanifest", "/assets/main-A.js", "/assets/main-B.css"];
const TASK = "6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10";
const REMINDER = "318f8d37-1a86-5196-92c0-14432b9a5a2a";
const CAME = "2026-11-24T17:00:00.250Z";
const CAME_MS = Date.parse(CAME);

const PUSHED = {
  type: "reminder-triggered",
  key: "0b9d3f52-5c1e-4f0e-8f4e-6a1f2f7f9c11",
  title: "Water the plants",
  lines: ["Due 24 November 2026, 18:00 (Europe/Berlin)", "Late: it was to come before"],
  task_id: TASK,
  reminder_id: REMINDER,
  timestamp: CAME,
  actions: [{ label: "Done", url: "https://todo.example/act/x" }],
};

function about(more: Partial<About> = {}): About {
  return { task_id: TASK, reminder_id: REMINDER, at: CAME_MS, ...more };
}

describe("requests", () => {
  const handled: [what: string, mode: string, path: string, handling: Handling][] = [
    ["the page", "navigate", "/", "page"],
    ["a view", "navigate", "/today", "page"],
    ["a view with a task", "navigate", "/today?task=x", "page"],
    ["a list", "navigate", "/list/0b9d", "page"],
    ["the month", "navigate", "/calendar", "page"],
    ["a calendar for others", "navigate", "/calendar/secret.ics", "untouched"],
    ["the API's documents", "navigate", "/api/docs/", "untouched"],
    ["an export", "navigate", "/api/v1/export", "untouched"],
    ["a notification's link", "navigate", "/act/token", "untouched"],
    ["another program's door", "navigate", "/mcp", "untouched"],
    ["what nobody knows", "navigate", "/todayx", "untouched"],
    ["a script", "no-cors", "/assets/main-A.js", "asset"],
    ["a script of another version", "cors", "/assets/main-Z.js", "asset"],
    ["a script to look at", "navigate", "/assets/main-A.js", "untouched"],
    ["the manifest", "cors", "/manifest.webmanifest", "file"],
    ["an icon", "no-cors", "/icon.svg", "untouched"],
    ["the API", "cors", "/api/v1/tasks", "untouched"],
    ["the stream", "cors", "/api/v1/stream?after=1", "untouched"],
    ["the worker", "same-origin", "/sw.js", "untouched"],
    ["the page, read by a script", "cors", "/", "untouched"],
  ];

  it.each(handled)("of %s (%s %s) are handled as %4$s", (_, mode, path, handling) => {
    const request = { method: "GET", mode, url: ORIGIN + path };
    expect(handlingOf(request, ORIGIN, KEPT)).toBe(handling);
  });

  it("that are not GET, or of another site, are left alone", () => {
    const url = `${ORIGIN}/today`;
    expect(handlingOf({ method: "POST", mode: "navigate", url }, ORIGIN, KEPT)).toBe("untouched");
    const other = "https://other.example/assets/main-A.js";
    const request = { method: "GET", mode: "cors", url: other };
    expect(handlingOf(request, ORIGIN, KEPT)).toBe("untouched");
  });

  it("know the same addresses as the router", () => {
    const views = router.match(/VIEWS = \[([^\]]*)\]/)?.[1]?.match(/\w+/g);
    expect([...PAGE_SEGMENTS].sort()).toEqual(views?.sort());
  });
});

describe("what is kept", () => {
  it("is this version and the one before, and nobody else's", () => {
    const [a, b, c] = ["a", "b", "c"].map(cacheNameOf) as [string, string, string];
    expect(staleCaches([a, b, "other", c], c)).toEqual([a]);
    expect(staleCaches([a, b], b)).toEqual([]);
    expect(staleCaches([a], a)).toEqual([]);
    // Back to an earlier version.
    expect(staleCaches([a, b, c], a)).toEqual([b]);
  });

  it("is no page that begins with files of another version", () => {
    const page = (script: string) =>
      `<link rel="stylesheet" href="/assets/main-B.css"><link href="/icon.svg">
       <script type="module" crossorigin src="/assets/${script}"></script>`;
    expect(isOfVersion(page("main-A.js"), KEPT)).toBe(true);
    expect(isOfVersion(page("main-Z.js"), KEPT)).toBe(false);
  });
});

describe("a push", () => {
  it("says the title and the lines, and carries what is done about it", () => {
    expect(noticeOfPush(JSON.stringify(PUSHED))).toEqual({
      title: "Water the plants",
      options: {
        body: "Due 24 November 2026, 18:00 (Europe/Berlin)\nLate: it was to come before",
        tag: REMINDER,
        renotify: true,
        icon: "/icon-192.png",
        badge: "/badge-96.png",
        silent: false,
        timestamp: CAME_MS,
        data: about(),
        actions: [
          { action: "done", title: "Done" },
          { action: "snooze", title: "In 10 minutes" },
        ],
      },
    });
  });

  it("that tests a channel has nothing to be done", () => {
    const test = { ...PUSHED, type: "channel-test", task_id: null, reminder_id: null, actions: [] };
    const { options } = noticeOfPush(JSON.stringify(test));
    expect([options.actions, options.tag]).toEqual([[], PUSHED.key]);
    expect(options.data).toEqual({ task_id: null, reminder_id: null, at: CAME_MS });
  });

  const unreadable = [undefined, "", "no JSON", "null", "[]", "7", "{}", '{"title":7}'];
  it.each(unreadable)("that reads %j still says that something is due", (text) => {
    const { title, options } = noticeOfPush(text);
    expect(title).toBe("Something is due");
    expect(options.body).not.toBe("");
    expect(options.actions).toEqual([]);
    expect("timestamp" in options || "tag" in options).toBe(false);
  });

  it("is shown as far as it can be read", () => {
    const odd = { title: "Water", lines: [1, "Due"], task_id: 7, timestamp: "soon" };
    const { title, options } = noticeOfPush(JSON.stringify(odd));
    expect([title, options.body, options.data.task_id, options.data.at]).toEqual([
      "Water",
      "Due",
      null,
      null,
    ]);
  });
});

describe("the same reminder", () => {
  const { lines, title } = PUSHED;
  const reminder = {
    task_id: TASK,
    reminder_id: REMINDER,
    title,
    triggered_at: "2026-11-24T18:00:00.250+01:00",
    due_date: "2026-11-24T17:00:00Z",
    lines,
  };

  it("is known again in a push and on the page", () => {
    const here = noticeOfPage(reminder).options;
    const pushed = noticeOfPush(JSON.stringify(PUSHED)).options;
    expect(isSameReminder(here.data, pushed.data)).toBe(true);
    expect(here.tag).toBe(REMINDER);
    expect(here.data.due_date).toBe(reminder.due_date);
  });

  it("at another time is another coming of it, and one of none is nothing's", () => {
    expect(isSameReminder(about(), about({ at: CAME_MS + 1 }))).toBe(false);
    expect(isSameReminder(about(), about({ reminder_id: TASK }))).toBe(false);
    expect(isSameReminder(about({ reminder_id: null }), about({ reminder_id: null }))).toBe(false);
  });

  it.each([
    ["push", false, "aloud"],
    ["push", true, "silently"],
    ["page", false, "aloud"],
    ["page", true, "not"],
  ] as const)("by a %s, shown before: %s, is shown %s", (from, isShown, showing) => {
    expect(showingOf(from, isShown)).toBe(showing);
  });
});

describe("a click", () => {
  const snooze = { kind: "snooze", reminder_id: REMINDER };
  it.each([
    ["done", about(), { kind: "complete", task_id: TASK, reminder_id: REMINDER }],
    ["snooze", about(), snooze],
    ["", about(), { kind: "open" }],
    ["done", about({ task_id: null }), { kind: "open" }],
    ["snooze", about({ reminder_id: null }), { kind: "open" }],
    ["act", about(), { kind: "open" }],
  ])("on %j of %j does %j", (action, data, step) => {
    expect(stepOf(action, data)).toEqual(step);
  });

  it("that could not be done brings the reminder back, which says so once", () => {
    const once = noticeOfFailure("Water", "Due\nLate", about());
    expect(once.title).toBe("Water");
    expect(once.options.body).toMatch(/^That did not work.*\nDue\nLate$/);
    expect(noticeOfFailure("Water", once.options.body, about())).toEqual(once);
  });

  it("opens the task where there is one", () => {
    expect(addressOf(TASK)).toBe(`/today?task=${TASK}`);
    expect(addressOf("a&b")).toBe("/today?task=a%26b");
    expect(addressOf(null)).toBe("/today");
  });

  it("goes to the window that is seen, else to the one last used", () => {
    const [hidden, other, seen] = ["hidden", "hidden", "visible"].map((visibilityState) => ({
      visibilityState,
    }));
    expect(windowToUse([hidden!, other!, seen!])).toBe(seen);
    expect(windowToUse([hidden!, other!])).toBe(hidden);
    expect(windowToUse([])).toBeUndefined();
  });
});

describe("Done", () => {
  const due_date = "2026-11-24T17:00:00Z";
  const occurrence = "2026-11-24T18:00:00";
  it.each([
    ["a task once", null, due_date, undefined, {}],
    ["a task that is never due", null, null, null, {}],
    ["the occurrence", occurrence, due_date, "2026-11-24T18:00:00+01:00", { occurrence }],
    ["a day", "2026-11-24", "2026-11-24", "2026-11-24", { occurrence: "2026-11-24" }],
    ["no later occurrence", occurrence, due_date, "2026-11-23T17:00:00Z", null],
    ["no later day", "2026-11-24", "2026-11-24", "2026-11-23", null],
    ["no day that was a time", occurrence, "2026-11-24", "2026-11-24T00:00:00Z", null],
    ["no occurrence that nobody knows", occurrence, due_date, null, null],
  ])("completes %s", (_, occurrence, due_date, reminded, completion) => {
    expect(completionOf({ occurrence, due_date }, reminded)).toEqual(completion);
  });

  it("means the occurrence of which the reminder came last", () => {
    const came = (due_date: string) => ({
      event_type: "reminder-triggered",
      details: { due_date },
    });
    const put = { event_type: "reminder-scheduled", details: { due_date: "2026-11-26" } };
    expect(dueOfReminder([came("2026-11-24"), came("2026-11-25"), put])).toBe("2026-11-25");
    expect(dueOfReminder([put])).toBeNull();
  });
});
