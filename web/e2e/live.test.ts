/** Two windows at once, the network cut and back, and edits that collide. */
import { expect } from "vitest";
import { strings } from "../src/strings";
import { addTask, must, newAccount, openTasks, type Account } from "./accounts";
import { composer, detail, notices, opener, ready, row, tick } from "./home";
import { test } from "./stack";
import type { TaskPatch } from "../src/lib/api/client";

/** Within which another window sees a change, in milliseconds. */
const SEEN_WITHIN_MS = 1_000;
const MEASUREMENTS = 5;
/** Whatever is asked for meanwhile fails, and Chromium logs it. */
const CUT = [/net::ERR_INTERNET_DISCONNECTED/];

function patchTask(account: Account, task_id: string, body: TaskPatch) {
  return must(
    account.api.PATCH("/api/v1/tasks/{task_id}", { params: { path: { task_id } }, body }),
  );
}

function find(account: Account, task_id: string) {
  return must(account.api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } }));
}

test("what another device does is seen within a second", async ({ devices }) => {
  const account = await newAccount();
  const here = await devices.open({ as: account, path: "/all" });
  const there = await devices.open({ as: account, size: "phone", path: "/all" });
  await addTask(account, { title: "Both follow" });
  for (const page of [here, there]) await row(page, "Both follow").waitFor();
  const took: number[] = [];
  for (let number = 0; number < MEASUREMENTS; number += 1) {
    const title = `From here ${number}`;
    await composer(here).fill(title);
    const began = performance.now();
    await here.keyboard.press("Enter");
    await row(there, title).waitFor();
    took.push(Math.round(performance.now() - began));
  }
  console.log(`seen on the other device after ${took.join(", ")} ms`);
  expect(took.sort((a, b) => a - b)[Math.floor(MEASUREMENTS / 2)]).toBeLessThan(SEEN_WITHIN_MS);
  await tick(there, "Both follow").click();
  await expect.poll(() => row(here, "Both follow").count()).toBe(0);
});

test("without a network it says so, keeps what is done, and sends it once", async ({ devices }) => {
  const account = await newAccount();
  await addTask(account, { title: "Already there" });
  const page = await devices.open({ as: account, path: "/all" });
  await row(page, "Already there").waitFor();
  devices.expect(...CUT);
  await page.context().setOffline(true);
  await page.getByText(strings.lost).waitFor();
  await composer(page).fill("Typed meanwhile in 3 days");
  await page.keyboard.press("Enter");
  await tick(page, "Already there").click();
  await page.getByText(strings.lostWith(2)).waitFor();
  await addTask(account, { title: "From elsewhere" });
  expect((await openTasks(account)).map(({ title }) => title).sort()).toEqual([
    "Already there",
    "From elsewhere",
  ]);
  await page.context().setOffline(false);
  await row(page, "From elsewhere").waitFor();
  // What it means is asked as of when it was typed.
  await row(page, "Typed meanwhile").waitFor();
  await expect.poll(() => page.getByText(strings.notSentYet).count()).toBe(0);
  await expect.poll(() => page.getByText(/^No connection/).count()).toBe(0);
  const open = async () => (await openTasks(account)).map(({ title }) => title).sort();
  await expect.poll(open).toEqual(["From elsewhere", "Typed meanwhile"]);
});

test("what waits is sent by another window, once, when its own is closed", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  const other = await page.context().newPage();
  await other.goto("/all");
  for (const each of [page, other]) await each.getByText(strings.empty.all).waitFor();
  devices.expect(...CUT);
  await page.context().setOffline(true);
  await composer(page).fill("Only once");
  await page.keyboard.press("Enter");
  await row(page, "Only once").getByText(strings.notSentYet).waitFor();
  await row(other, "Only once").waitFor();
  await page.close();
  await page.context().setOffline(false);
  await expect.poll(async () => (await openTasks(account)).length).toBe(1);
  await expect.poll(() => row(other, "Only once").getByText(strings.notSentYet).count()).toBe(0);
  expect(await row(other, "Only once").count()).toBe(1);
  expect(await openTasks(account)).toHaveLength(1);
});

test("a task whose answer is lost is not made twice", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  await ready(page);
  devices.expect(/net::ERR_FAILED/);
  let lost = 0;
  await page.route("**/api/v1/tasks", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort();
  });
  await composer(page).fill("Asked for twice");
  await page.keyboard.press("Enter");
  await row(page, "Asked for twice").waitFor();
  await expect.poll(() => lost).toBe(1);
  await expect.poll(() => page.getByText(strings.notSentYet).count()).toBe(0);
  expect(await row(page, "Asked for twice").count()).toBe(1);
  expect(await openTasks(account)).toHaveLength(1);
});

for (const keeps of ["theirs", "mine"] as const) {
  test(`edits that collide are shown, and the person keeps ${keeps}`, async ({ devices }) => {
    const account = await newAccount();
    const { id } = await addTask(account, { title: "Before" });
    const page = await devices.open({ as: account, path: "/all" });
    await opener(page, "Before").click();
    devices.expect(...CUT, /(409|412) .*\/api\/v1\/tasks\//);
    await page.context().setOffline(true);
    await detail(page, "Before").getByLabel(strings.title).fill("Mine");
    await page.keyboard.press("Enter");
    await row(page, "Mine").getByText(strings.notSentYet).waitFor();
    await patchTask(account, id, { title: "Theirs" });
    await page.context().setOffline(false);
    const dialog = page.getByRole("dialog", { name: strings.conflict });
    await dialog.getByRole("cell", { name: "Theirs" }).waitFor();
    await dialog.getByRole("cell", { name: "Mine" }).waitFor();
    const choice = keeps === "mine" ? strings.keepMine : strings.keepTheirs;
    await dialog.getByRole("button", { name: choice }).click();
    const kept = keeps === "mine" ? "Mine" : "Theirs";
    await row(page, kept).waitFor();
    await expect.poll(async () => (await find(account, id)).title).toBe(kept);
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  });
}

test("edits of different fields are both kept without a question", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Before" });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "Before").click();
  devices.expect(...CUT, /(409|412) .*\/api\/v1\/tasks\//);
  await page.context().setOffline(true);
  await detail(page, "Before").getByLabel(strings.title).fill("After");
  await page.keyboard.press("Enter");
  await row(page, "After").getByText(strings.notSentYet).waitFor();
  await patchTask(account, id, { priority: "HIGH" });
  await page.context().setOffline(false);
  await expect.poll(() => find(account, id)).toMatchObject({ title: "After", priority: "HIGH" });
  expect(await page.getByRole("dialog").count()).toBe(0);
});

test("what the service refuses is taken back with a word of why", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Gone elsewhere" });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "Gone elsewhere").click();
  devices.expect(...CUT, /404 .*\/api\/v1\/tasks\//);
  await page.context().setOffline(true);
  await detail(page, "Gone elsewhere").getByLabel(strings.title).fill("Too late");
  await page.keyboard.press("Enter");
  await row(page, "Too late").waitFor();
  await must(account.api.DELETE("/api/v1/tasks/{task_id}", { params: { path: { task_id: id } } }));
  await page.context().setOffline(false);
  await notices(page)
    .getByText(/taken back/)
    .waitFor();
  await expect.poll(() => row(page, "Too late").count()).toBe(0);
});
