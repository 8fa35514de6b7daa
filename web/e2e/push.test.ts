/** Notifications: what a push shows, and what is done in it. */
import { expect } from "vitest";
import type { Reminder } from "../src/lib/api/client";
import { workerStrings } from "../src/strings/worker";
import { ZONE, addTask, inSeconds, must, newAccount, type Account } from "./accounts";
import { detail, ready, reminderCard, row } from "./home";
import { test, type Devices } from "./stack";
import { Pushed } from "./worker";

/** How long until the task of a test is due, in seconds. */
const DUE_SECS = 2;

function find(account: Account, task_id: string) {
  return must(account.api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } }));
}

/** A task's reminder, once it came. */
async function came(account: Account, task_id: string): Promise<Reminder> {
  const query = { status: "triggered" as const };
  const find = async () => {
    const { items } = await must(account.api.GET("/api/v1/reminders", { params: { query } }));
    return items.find((reminder) => reminder.task_id === task_id);
  };
  await expect.poll(find).toBeDefined();
  return (await find())!;
}

/** What the reminder service would have pushed. */
function messageOf({ id, task_id, title, triggered_at }: Reminder, key = "one") {
  const lines = ["Due now"];
  const type = "reminder-triggered";
  return {
    type,
    key,
    title,
    lines,
    task_id,
    reminder_id: id,
    timestamp: triggered_at,
    actions: [],
  };
}

async function open(devices: Devices, account: Account, path = "/all") {
  const page = await devices.open({ as: account, path });
  await ready(page);
  return { page, pushed: await Pushed.at(page) };
}

/** A task that is due each day, for the first time in a moment. */
function addDaily(account: Account, title: string) {
  const format = { timeZone: ZONE, dateStyle: "short", timeStyle: "medium" } as const;
  const local = new Intl.DateTimeFormat("sv-SE", format).format(Date.now() + DUE_SECS * 1000);
  const dtstart = local.replace(" ", "T");
  return addTask(account, {
    title,
    recurrence: { rrule: "FREQ=DAILY", dtstart, time_zone: ZONE },
  });
}

test("Done in a notification does the task, and the page sees it", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account);
  const { id } = await addTask(account, { title: "Call Ida", due_date: inSeconds(DUE_SECS) });
  await row(page, "Call Ida").waitFor();
  await pushed.deliver(messageOf(await came(account, id)));
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  const [shown] = await pushed.shown();
  expect(shown).toMatchObject({ title: "Call Ida", body: "Due now" });
  expect(shown!.actions).toEqual([workerStrings.done, workerStrings.snooze]);
  await pushed.press("Call Ida", "done");
  await expect.poll(async () => (await find(account, id)).status).toBe("DONE");
  await expect.poll(() => row(page, "Call Ida").count()).toBe(0);
  expect(await pushed.shown()).toEqual([]);
});

test("Snooze in a notification puts the reminder off", async ({ devices }) => {
  const account = await newAccount();
  const { pushed } = await open(devices, account);
  const { id } = await addTask(account, { title: "Turn it", due_date: inSeconds(DUE_SECS) });
  const reminder = await came(account, id);
  await pushed.deliver(messageOf(reminder));
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  await pushed.press("Turn it", "snooze");
  await expect
    .poll(async () => (await find(account, id)).snoozes.map((one) => one.reminder_id))
    .toEqual([reminder.id]);
});

test("an old notification of a series leaves its later occurrences alone", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account);
  const { id, occurrence } = await addDaily(account, "Feed the cat");
  const message = messageOf(await came(account, id));
  await pushed.deliver(message);
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  await pushed.press("Feed the cat", "done");
  await expect.poll(async () => (await find(account, id)).occurrence).not.toBe(occurrence);
  const { version } = await find(account, id);
  await pushed.deliver({ ...message, key: "again" });
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  await pushed.press("Feed the cat", "done");
  await detail(page, "Feed the cat").waitFor();
  expect((await find(account, id)).version).toBe(version);
});

test("a notification that is pressed opens its task in the window", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account);
  const { id } = await addTask(account, { title: "Read this", due_date: inSeconds(DUE_SECS) });
  await row(page, "Read this").waitFor();
  await pushed.deliver(messageOf(await came(account, id)));
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  await pushed.press("Read this", "");
  await detail(page, "Read this").waitFor();
});

test("what is pushed twice shows once, and sounds once", async ({ devices }) => {
  const account = await newAccount();
  const { pushed } = await open(devices, account);
  const message = {
    ...{ type: "reminder-triggered", key: "twice", title: "Twice", lines: [], actions: [] },
    ...{ task_id: account.id, reminder_id: account.id, timestamp: inSeconds(0) },
  };
  await pushed.deliver(message);
  await expect
    .poll(async () => (await pushed.shown()).map(({ silent }) => silent))
    .toEqual([false]);
  await pushed.deliver(message);
  await expect.poll(async () => (await pushed.shown()).map(({ silent }) => silent)).toEqual([true]);
  // Put off, it came again: that is news, and the one before is of no more use.
  await pushed.deliver({ ...message, key: "later", timestamp: inSeconds(600) });
  await expect
    .poll(async () => (await pushed.shown()).map(({ tag, silent }) => [tag, silent]))
    .toEqual([[account.id, false]]);
});

test("what the page has shown is pushed without a sound", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account, "/today");
  const { id } = await addTask(account, { title: "Seen", due_date: inSeconds(DUE_SECS) });
  await reminderCard(page, "Seen").waitFor();
  await pushed.deliver(messageOf(await came(account, id)));
  await expect
    .poll(async () => (await pushed.shown()).map(({ title, silent }) => [title, silent]))
    .toEqual([["Seen", true]]);
});

test("a reminder comes by the system where no window shows the page", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account);
  const at = inSeconds(0);
  const reminder = {
    ...{ task_id: account.id, reminder_id: account.id, title: "Unseen", triggered_at: at },
    ...{ due_date: null, lines: ["Due now"] },
  };
  const tell = () =>
    page.evaluate(async (reminder) => {
      const { active } = await navigator.serviceWorker.ready;
      active!.postMessage({ type: "remind", reminder });
    }, reminder);
  const silences = async () => (await pushed.shown()).map(({ tag, silent }) => [tag, silent]);
  // A window that is seen has shown it. What comes next, comes after.
  await tell();
  await pushed.deliver({ key: "next", title: "Next" });
  await expect.poll(silences).toEqual([["next", false]]);
  await page.goto("/api/docs/");
  await tell();
  await expect.poll(silences).toContainEqual([account.id, false]);
  // Of another window, and of the push service.
  await tell();
  const ids = { task_id: account.id, reminder_id: account.id };
  await pushed.deliver({ key: "push", title: "Unseen", lines: [], ...ids, timestamp: at });
  await expect.poll(silences).toContainEqual([account.id, true]);
  expect(await silences()).toHaveLength(2);
});

test("a push that can't be read still says that something is due", async ({ devices }) => {
  const { pushed } = await open(devices, await newAccount());
  await pushed.deliver("no JSON");
  await expect
    .poll(async () => (await pushed.shown()).map(({ title }) => title))
    .toEqual([workerStrings.unreadable]);
});

test("what can't be done in a notification brings it back, and says so", async ({ devices }) => {
  const account = await newAccount();
  const { page, pushed } = await open(devices, account);
  const { id } = await addTask(account, { title: "Sign in", due_date: inSeconds(DUE_SECS) });
  await pushed.deliver(messageOf(await came(account, id)));
  await expect.poll(async () => (await pushed.shown()).length).toBe(1);
  devices.expect(/401/);
  await page.context().clearCookies();
  await pushed.press("Sign in", "done");
  await expect
    .poll(async () => (await pushed.shown()).map(({ title, body }) => [title, body]))
    .toEqual([["Sign in", `${workerStrings.failed}\nDue now`]]);
  expect((await find(account, id)).status).toBe("TODO");
});
