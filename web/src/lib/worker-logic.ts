/**
 * What the service worker decides, apart from its doing: how a request is handled, what a notification says, what a
 * click on one does. The page takes no more than types from here: what both ran would be a file of its own, and the
 * worker has to be one.
 */
import { workerStrings as strings } from "../strings/worker";

// Requests ----------------------------------------------------------------------------------------

/** The page's own addresses by their first segment, as the router has them; all others are the service's. */
export const PAGE_SEGMENTS = [
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
];
/** Below it lie the calendars that other programs read. */
const CALENDAR = "/calendar";
const ASSETS = "/assets/";
/** What all of the page's addresses answer. */
export const PAGE_URL = "/";
const CACHE_PREFIX = "page-";

/** `page`: the service's, or soon the one kept. `asset`: the one kept. `file`: the service's, or the one kept. */
export type Handling = "page" | "asset" | "file" | "untouched";

interface Asked {
  method: string;
  mode: string;
  url: string;
}

export function handlingOf(request: Asked, origin: string, kept: readonly string[]): Handling {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin) return "untouched";
  if (request.mode === "navigate") return isPage(url.pathname) ? "page" : "untouched";
  if (url.pathname.startsWith(ASSETS)) return "asset";
  const isFile = url.pathname !== PAGE_URL && kept.includes(url.pathname);
  return isFile ? "file" : "untouched";
}

/** Whether an address is the page's. */
export function isPage(path: string): boolean {
  if (path.startsWith(`${CALENDAR}/`)) return false;
  const [first = ""] = path.split("/").slice(1);
  return path === PAGE_URL || PAGE_SEGMENTS.includes(first);
}

export function cacheNameOf(version: string): string {
  return CACHE_PREFIX + version;
}

/** Of the caches, oldest first, those to drop: the one before ours is of windows that are still open. */
export function staleCaches(names: readonly string[], current: string): string[] {
  return names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== current).slice(0, -1);
}

/** Whether all that a page begins with is kept: while replicas are replaced, it may come from another version. */
export function isOfVersion(page: string, kept: readonly string[]): boolean {
  const named = page.match(/(?<=(?:src|href)=")\/assets\/[^"]+/g) ?? [];
  return named.every((url) => kept.includes(url));
}

// Messages between the page and the worker -------------------------------------------------------

/** A reminder that came, as the page learned of it. */
export interface PageReminder {
  task_id: string;
  reminder_id: string;
  title: string;
  triggered_at: string;
  due_date: string | null;
  /** What there is to say below the title. */
  lines: string[];
}

/** `serves` is answered with whether all these files are of the worker's version. */
export type ToWorker =
  | { type: "update" }
  | { type: "serves"; paths: string[] }
  | { type: "remind"; reminder: PageReminder };

/** `has-shown` is answered with whether the page has shown the reminder that came then. */
export type ToPage =
  { type: "open-task"; task_id: string } | { type: "has-shown"; reminder_id: string; at: number };

// Notifications -----------------------------------------------------------------------------------

const ICON = "/icon-192.png";
const BADGE = "/badge-96.png";

/** What a notification carries for what comes after it. */
export interface About {
  task_id: string | null;
  reminder_id: string | null;
  /** When the reminder came, in milliseconds since 1970. */
  at: number | null;
  /** The occurrence's due date; undefined where the message does not tell it. */
  due_date?: string | null;
}

/** More of the options than TypeScript knows. */
export interface NoticeOptions {
  body: string;
  tag?: string;
  /** Whether it sounds also where it replaces another. */
  renotify?: boolean;
  icon: string;
  badge: string;
  silent: boolean;
  timestamp?: number;
  data: About;
  actions: { action: string; title: string }[];
}

export interface Notice {
  title: string;
  options: NoticeOptions;
}

/** What to show for a push message, readable or not: a browser takes the right to push from who shows nothing. */
export function noticeOfPush(text: string | undefined): Notice {
  const message = objectOf(text);
  const about: About = {
    task_id: textOf(message["task_id"]),
    reminder_id: textOf(message["reminder_id"]),
    at: momentOf(message["timestamp"]),
  };
  const title = textOf(message["title"]);
  if (title === null) return noticeOf(strings.unreadable, [strings.unreadableHint], null, about);
  const lines = Array.isArray(message["lines"]) ? message["lines"] : [];
  return noticeOf(title, lines, textOf(message["key"]), about);
}

export function noticeOfPage(reminder: PageReminder): Notice {
  const { task_id, reminder_id, due_date, title, lines } = reminder;
  const about = { task_id, reminder_id, due_date, at: momentOf(reminder.triggered_at) };
  return noticeOf(title, lines, reminder_id, about);
}

/** What could not be done comes back, and says so: a reminder is not lost by a click. */
export function noticeOfFailure(title: string, body: string, about: About): Notice {
  const said = body.split("\n").filter((line) => line !== strings.failed);
  return noticeOf(title, [strings.failed, ...said], about.reminder_id, about);
}

function noticeOf(
  title: string,
  lines: readonly unknown[],
  tag: string | null,
  about: About,
): Notice {
  const { task_id, reminder_id, at } = about;
  // Of a reminder that comes again only the latest is of use: under the same tag it replaces the one before.
  const name = reminder_id ?? tag;
  const done = { action: "done", title: strings.done };
  const snooze = { action: "snooze", title: strings.snooze };
  return {
    title,
    options: {
      body: lines.filter((line) => typeof line === "string").join("\n"),
      icon: ICON,
      badge: BADGE,
      silent: false,
      data: about,
      actions: [...(task_id ? [done] : []), ...(task_id && reminder_id ? [snooze] : [])],
      ...(name === null ? {} : { tag: name, renotify: true }),
      ...(at === null ? {} : { timestamp: at }),
    },
  };
}

function objectOf(text: string | undefined): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text ?? "");
    return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function momentOf(value: unknown): number | null {
  const moment = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(moment) ? null : moment;
}

/** Whether both are of one coming of one reminder, however it was learned of. */
export function isSameReminder(one: About, other: About): boolean {
  const isOfOne = one.reminder_id !== null && one.reminder_id === other.reminder_id;
  return isOfOne && one.at === other.at;
}

export type Showing = "aloud" | "silently" | "not";

/** How to show what the page, or a notification, may have shown already. A push has to show something. */
export function showingOf(from: "push" | "page", isShown: boolean): Showing {
  if (!isShown) return "aloud";
  return from === "push" ? "silently" : "not";
}

// Clicks ------------------------------------------------------------------------------------------

export type Step =
  | { kind: "complete"; task_id: string; reminder_id: string | null }
  | { kind: "snooze"; reminder_id: string }
  | { kind: "open" };

export function stepOf(action: string, { task_id, reminder_id }: About): Step {
  if (action === "done" && task_id) return { kind: "complete", task_id, reminder_id };
  if (action === "snooze" && reminder_id) return { kind: "snooze", reminder_id };
  return { kind: "open" };
}

/** Where a window opens. */
export function addressOf(task_id: string | null): string {
  return task_id === null ? "/today" : `/today?task=${encodeURIComponent(task_id)}`;
}

interface Completable {
  occurrence: string | null;
  due_date: string | null;
}

/**
 * What completes the task that was reminded of; null where nobody but the person can say: a series may have passed on
 * since, and the occurrence that is the current one is not the one that was meant.
 */
export function completionOf(
  task: Completable,
  reminded: string | null | undefined,
): { occurrence?: string } | null {
  const { occurrence, due_date } = task;
  if (occurrence === null) return {};
  return due_date !== null && reminded && isSameDue(due_date, reminded) ? { occurrence } : null;
}

function isSameDue(one: string, other: string): boolean {
  const isDay = (due: string) => !due.includes("T");
  return isDay(one) || isDay(other) ? one === other : Date.parse(one) === Date.parse(other);
}

interface Happened {
  event_type: string;
  details: Record<string, unknown>;
}

/** The due date that a reminder was last of, by its timeline. */
export function dueOfReminder(timeline: readonly Happened[]): string | null {
  const came = timeline.filter(({ event_type }) => event_type === "reminder-triggered");
  return textOf(came.at(-1)?.details["due_date"]);
}

/** Which of the windows, the last used first, is to show a task. */
export function windowToUse<Window extends { visibilityState: string }>(
  windows: readonly Window[],
): Window | undefined {
  return windows.find((one) => one.visibilityState === "visible") ?? windows[0];
}
