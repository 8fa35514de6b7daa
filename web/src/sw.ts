/// <reference lib="webworker" />
/**
 * The service worker: the page where there is no network, and notifications where there is no page.
 *
 * Keeps one version of the page whole, and leaves the API alone. Promises: each push shows something, one reminder
 * sounds once, and what a click could not do is not lost. Never: another version put under an open page unasked.
 */
import type { components } from "./lib/api/schema";
import {
  PAGE_URL,
  addressOf,
  cacheNameOf,
  completionOf,
  dueOfReminder,
  handlingOf,
  isOfVersion,
  isPage,
  isSameReminder,
  noticeOfFailure,
  noticeOfPage,
  noticeOfPush,
  showingOf,
  staleCaches,
  stepOf,
  windowToUse,
  type About,
  type Notice,
  type NoticeOptions,
  type Step,
  type ToPage,
  type ToWorker,
} from "./lib/worker-logic";

type Schemas = components["schemas"];

declare const self: ServiceWorkerGlobalScope;
/** What the build puts in: the page's files, and a name for exactly these. */
declare const __PRECACHE_URLS__: readonly string[];
declare const __PRECACHE_VERSION__: string;

const URLS = __PRECACHE_URLS__;
const CACHE = cacheNameOf(__PRECACHE_VERSION__);
/** How long the service may take to begin with the page, in milliseconds, before the kept one is shown. */
const PAGE_LIMIT_MS = 2_000;
/** How long a window may take to say what it has shown, in milliseconds. */
const ASK_LIMIT_MS = 500;
/** How long one notification may keep the next waiting, in milliseconds. */
const TURN_LIMIT_MS = 3_000;
/** How long what a click does may take, in milliseconds: some browsers soon forget that somebody clicked. */
const ACT_LIMIT_MS = 5_000;
/** A file is the same to whoever asks, whatever a proxy says that it varies by. */
const BY_NAME = { ignoreVary: true };
const OURS = { ...BY_NAME, cacheName: CACHE };
const CHANNELS = "/api/v1/channels";
const SNOOZE = { for: "PT10M" };

// The page ----------------------------------------------------------------------------------------

self.addEventListener("install", (event) => event.waitUntil(keepPage()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const handling = handlingOf(event.request, self.location.origin, URLS);
  if (handling === "page") event.respondWith(page(event.request));
  else if (handling === "asset") event.respondWith(asset(event.request));
  else if (handling === "file") event.respondWith(file(event.request));
});

async function keepPage(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(URLS.map((url) => new Request(url, { cache: "no-cache" })));
  const kept = await cache.match(PAGE_URL, BY_NAME);
  if (kept && isOfVersion(await kept.text(), URLS)) return;
  await caches.delete(CACHE);
  throw new Error("the page is of another version than its worker");
}

async function takeOver(): Promise<void> {
  const stale = staleCaches(await caches.keys(), CACHE);
  await Promise.all(stale.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE_URL, OURS);
  if (!kept) return fetch(request);
  // A late answer is not waited for, and not broken off: the request stays as the browser made it.
  const answer = fetch(request).catch(() => null);
  const response = await Promise.race([answer, pause(PAGE_LIMIT_MS)]);
  return response && response.status < 500 ? response : kept;
}

async function asset(request: Request): Promise<Response> {
  // Of any version: windows of the one before are still open after an update.
  return (await caches.match(request, BY_NAME)) ?? fetch(request);
}

async function file(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, OURS);
    if (kept) return kept;
    throw error;
  }
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}

// Messages of the page ----------------------------------------------------------------------------

self.addEventListener("message", (event) => {
  const message = event.data as ToWorker;
  if (message.type === "update") void self.skipWaiting();
  else if (message.type === "serves") {
    event.ports[0]?.postMessage(message.paths.every((path) => URLS.includes(path)));
  } else if (message.type === "remind") {
    event.waitUntil(inTurn(() => remind(noticeOfPage(message.reminder), "page")));
  }
});

// Notifications -----------------------------------------------------------------------------------

self.addEventListener("push", (event) => {
  const notice = noticeOfPush(event.data?.text());
  event.waitUntil(inTurn(() => remind(notice, "push")));
});

let last: Promise<unknown> = Promise.resolve();

/** One after another, so that each sees what the one before has shown; not behind one that hangs. */
function inTurn(work: () => Promise<void>): Promise<void> {
  const turn = last.then(work);
  last = Promise.race([turn.catch(() => {}), pause(TURN_LIMIT_MS)]);
  return turn;
}

async function remind(notice: Notice, from: "push" | "page"): Promise<void> {
  const about = notice.options.data;
  const shown = await self.registration.getNotifications();
  const isShown =
    shown.some((other) => isSameReminder(other.data as About, about)) ||
    (await hasPageShown(about, from));
  const showing = showingOf(from, isShown);
  if (showing === "not") return;
  await show(notice, showing === "silently");
}

function show({ title, options }: Notice, silent: boolean): Promise<void> {
  // What replaces another without a sound must not ask for one.
  const renotify = options.renotify === true && !silent;
  const all: NoticeOptions = { ...options, silent, renotify };
  return self.registration.showNotification(title, all);
}

/** Whether somebody has seen it: what one window has learned, the visible one learns as well. */
async function hasPageShown(about: About, from: "push" | "page"): Promise<boolean> {
  const visible = (await pageWindows()).filter((one) => one.visibilityState === "visible");
  if (from === "page") return visible.length > 0;
  const { reminder_id, at } = about;
  if (reminder_id === null || at === null) return false;
  const question: ToPage = { type: "has-shown", reminder_id, at };
  const answers = await Promise.all(visible.map((one) => ask(one, question)));
  return answers.some((answer) => answer);
}

/** The windows with the page in them: the API's documents are open in others. */
async function pageWindows(): Promise<WindowClient[]> {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return windows.filter(({ url }) => isPage(new URL(url).pathname));
}

function ask(client: Client, question: ToPage): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data === true);
    client.postMessage(question, [port2]);
    void pause(ASK_LIMIT_MS).then(() => resolve(false));
  });
}

// Clicks ------------------------------------------------------------------------------------------

self.addEventListener("notificationclick", (event) => {
  const { notification, action } = event;
  notification.close();
  event.waitUntil(follow(action, notification));
});

async function follow(action: string, { title, body, data }: Notification): Promise<void> {
  const about = data as About;
  // Whatever keeps it from being done, the page can say more of it.
  if (await act(stepOf(action, about), about).catch(() => false)) return;
  try {
    await open(about.task_id);
  } catch {
    await show(noticeOfFailure(title, body, about), true);
  }
}

/** Whether it is done. */
async function act(step: Step, about: About): Promise<boolean> {
  if (step.kind === "open") return false;
  const signal = AbortSignal.timeout(ACT_LIMIT_MS);
  if (step.kind === "snooze") {
    const path = `/api/v1/reminders/${encodeURIComponent(step.reminder_id)}/snooze`;
    return (await post(path, SNOOZE, signal)).ok;
  }
  const path = `/api/v1/tasks/${encodeURIComponent(step.task_id)}`;
  const task = await get<Schemas["Task"]>(path, signal);
  const due = task.occurrence === null ? null : await dueOf(about, signal);
  const completion = completionOf(task, due);
  return completion !== null && (await post(`${path}/complete`, completion, signal)).ok;
}

/** The due date of the occurrence that was reminded of; a push does not tell it. */
async function dueOf(about: About, signal: AbortSignal): Promise<string | null> {
  if (about.due_date !== undefined || about.reminder_id === null) return about.due_date ?? null;
  const id = encodeURIComponent(about.reminder_id);
  const path = `/api/v1/reminders/${id}/timeline?limit=200`;
  return dueOfReminder((await get<Schemas["TimelinePage"]>(path, signal)).items);
}

async function get<Body>(path: string, signal: AbortSignal): Promise<Body> {
  const response = await fetch(path, { signal });
  if (!response.ok) throw new Error(`${response.status} of ${path}`);
  return (await response.json()) as Body;
}

function post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** Shows a task in a window that is open, or opens one. */
async function open(task_id: string | null): Promise<void> {
  const window = windowToUse(await pageWindows());
  if (!window) {
    await self.clients.openWindow(addressOf(task_id));
    return;
  }
  const told: ToPage | null = task_id === null ? null : { type: "open-task", task_id };
  // First, so that it is open there even where the browser lets nobody come to the front.
  if (told) window.postMessage(told);
  await window.focus();
}

// The subscription --------------------------------------------------------------------------------

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

/** As well as it goes: where it fails, the settings show a channel that fails, and the person renews it. */
async function renew(event: PushSubscriptionChangeEvent): Promise<void> {
  const signal = AbortSignal.timeout(ACT_LIMIT_MS);
  const before = event.oldSubscription;
  const after = event.newSubscription ?? (await subscribe(before, signal));
  if (!after) return;
  await post(CHANNELS, { kind: "web_push", subscription: after.toJSON() }, signal);
  if (!before || before.endpoint === after.endpoint) return;
  const { items } = await get<Schemas["ChannelPage"]>(CHANNELS, signal);
  const ended = items.filter(({ url }) => url === before.endpoint);
  await Promise.all(
    ended.map(({ id }) => fetch(`${CHANNELS}/${id}`, { method: "DELETE", signal })),
  );
}

async function subscribe(
  before: PushSubscription | null,
  signal: AbortSignal,
): Promise<PushSubscription | null> {
  const applicationServerKey =
    before?.options.applicationServerKey ??
    (await get<Schemas["WebPushKey"]>(`${CHANNELS}/web-push-key`, signal)).public_key;
  if (!applicationServerKey) return null;
  return self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
}
