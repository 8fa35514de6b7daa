/** Reminders on the page. */
import { expect } from "vitest";
import { strings } from "../src/strings";
import { addTask, inSeconds, must, newAccount, type Account } from "./accounts";
import { ready, reminderCard } from "./home";
import { screenshot, test } from "./stack";

/** How long until the task of a test is due, in seconds. */
const DUE_SECS = 2;

function find(account: Account, task_id: string) {
  return must(account.api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } }));
}

test("a reminder comes on the page, and Done does its task", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/today" });
  await ready(page);
  const due = inSeconds(DUE_SECS);
  const { id } = await addTask(account, { title: "Take the pill", due_date: due });
  const card = reminderCard(page, "Take the pill");
  await card.waitFor();
  const lateMs = Date.now() - Date.parse(due);
  console.log(`on the page ${lateMs} ms after it was due`);
  expect(lateMs).toBeGreaterThanOrEqual(0);
  await screenshot(page, "reminder-desktop-light");
  await card.getByRole("button", { name: strings.done }).click();
  await expect.poll(async () => (await find(account, id)).status).toBe("DONE");
  await expect.poll(() => card.count()).toBe(0);
});

test("a reminder that is put off comes again", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/today" });
  await ready(page);
  const due = inSeconds(DUE_SECS);
  const { id } = await addTask(account, { title: "Turn the roast", due_date: due });
  const card = reminderCard(page, "Turn the roast");
  await card.getByRole("button", { name: strings.snooze10 }).click();
  await expect.poll(() => card.count()).toBe(0);
  await expect.poll(async () => (await find(account, id)).snoozes.length).toBe(1);
  const [reminder] = await reminders(account, "triggered", "scheduled");
  const body = { until: inSeconds(DUE_SECS) };
  await must(
    account.api.POST("/api/v1/reminders/{reminder_id}/snooze", {
      params: { path: { reminder_id: reminder!.id } },
      body,
    }),
  );
  await card.waitFor();
});

async function reminders(account: Account, ...statuses: ("scheduled" | "triggered")[]) {
  const pages = await Promise.all(
    statuses.map((status) =>
      must(account.api.GET("/api/v1/reminders", { params: { query: { status } } })),
    ),
  );
  return pages.flatMap(({ items }) => items);
}
