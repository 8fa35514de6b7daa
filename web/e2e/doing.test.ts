/** What is done to tasks: by mouse, by keys, by fingers. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { strings } from "../src/strings";
import { reminderEditorStrings as editor } from "../src/strings/recurrence-editors";
import { ZONE, addTask, must, newAccount, openTasks, type Account } from "./accounts";
import { composer, detail, heading, notices, opener, row, tick, titles } from "./home";
import { screenshot, test } from "./stack";

/** Far enough to count. */
const SWIPE_PX = 240;

function find(account: Account, task_id: string) {
  return must(account.api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } }));
}

test("a click completes a task, and Undo takes that back", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Water the plants" });
  const page = await devices.open({ as: account, path: "/all" });
  await tick(page, "Water the plants").click();
  await expect.poll(async () => (await find(account, id)).status).toBe("DONE");
  await expect.poll(() => row(page, "Water the plants").count()).toBe(0);
  await notices(page).getByRole("button", { name: strings.undo }).click();
  await row(page, "Water the plants").waitFor();
  await expect.poll(async () => (await find(account, id)).status).toBe("TODO");
});

test("everything in a list is done by keys", async ({ devices }) => {
  const account = await newAccount();
  for (const title of ["One", "Two", "Three"]) await addTask(account, { title });
  const page = await devices.open({ as: account, path: "/all" });
  await row(page, "Three").waitFor();
  const [first, second, third] = await titles(page);
  await opener(page, first!).focus();
  await page.keyboard.press("j");
  await expect.poll(() => opener(page, second!).evaluate((it) => it.matches(":focus"))).toBe(true);
  await page.keyboard.press("t");
  const due = async (title: string) =>
    (await openTasks(account)).find((task) => task.title === title)?.due_date;
  await expect.poll(() => due(second!)).not.toBeNull();
  // Dated, it stands first; the keys go with it.
  await expect.poll(async () => (await titles(page))[0]).toBe(second);
  await page.keyboard.press("1");
  const priority = async () =>
    (await openTasks(account)).find(({ title }) => title === second)?.priority;
  await expect.poll(priority).toBe("HIGH");
  await page.keyboard.press("Enter");
  await detail(page, second!).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => detail(page, second!).count()).toBe(0);
  await opener(page, second!).focus();
  await page.keyboard.press("x");
  await expect.poll(async () => (await openTasks(account)).length).toBe(2);
  await opener(page, third!).focus();
  await page.keyboard.press("Delete");
  await expect
    .poll(async () => (await openTasks(account)).map(({ title }) => title))
    .toEqual([first]);
});

test("keys go to every view, to the input and to the sheet of keys", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/today" });
  await heading(page, "Today").waitFor();
  for (const [key, view] of [
    ["a", "All"],
    ["u", "Upcoming"],
    ["t", "Today"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await heading(page, view).waitFor();
  }
  await page.keyboard.press("q");
  await expect.poll(() => composer(page).evaluate((it) => it.matches(":focus"))).toBe(true);
  await page.keyboard.type("By keys alone");
  await page.keyboard.press("Enter");
  await row(page, "By keys alone").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: strings.keys }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox", { name: strings.search });
  await expect.poll(() => search.evaluate((it) => it.matches(":focus"))).toBe(true);
});

test("a task is changed where it is open, and each change is sent", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Draft", description: "A **bold** word" });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "Draft").click();
  const task = detail(page, "Draft");
  await expect.poll(() => task.getByText("bold", { exact: true }).count()).toBe(1);
  await task.getByLabel(strings.title).fill("Fair copy");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await find(account, id)).title).toBe("Fair copy");
  const renamed = detail(page, "Fair copy");
  await renamed.getByLabel(strings.priority).selectOption("HIGH");
  await expect.poll(async () => (await find(account, id)).priority).toBe("HIGH");
  await renamed.getByLabel(strings.addTag).fill("#work");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await find(account, id)).tags).toEqual(["work"]);
  await expect.poll(() => row(page, "Fair copy").getByText("#work").count()).toBe(1);
  await renamed.getByRole("combobox", { name: editor.another }).selectOption(editor.before);
  await renamed.getByLabel(editor.howMany).fill("25");
  await renamed.getByRole("button", { name: editor.add, exact: true }).first().click();
  await expect
    .poll(async () => (await find(account, id)).reminders)
    .toEqual([{ offset: "PT0S" }, { offset: "-PT25M" }]);
});

test("several tasks are chosen and changed at once", async ({ devices }) => {
  const account = await newAccount();
  for (const title of ["One", "Two", "Three"]) await addTask(account, { title });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "One").click({ modifiers: ["Control"] });
  await opener(page, "Two").click({ modifiers: ["Control"] });
  const bar = page.getByLabel(strings.chosen);
  await bar.getByText(strings.chosenCount(2)).waitFor();
  await bar.getByRole("button", { name: strings.complete }).click();
  await expect
    .poll(async () => (await openTasks(account)).map(({ title }) => title))
    .toEqual(["Three"]);
  await expect.poll(() => titles(page)).toEqual(["Three"]);
});

test("an occurrence that was done or skipped by mistake is gone back to", async ({ devices }) => {
  const account = await newAccount();
  const recurrence = { rrule: "FREQ=DAILY", dtstart: "2099-03-27T09:00:00", time_zone: ZONE };
  const series = await addTask(account, {
    title: "Water the plants",
    recurrence,
    subtasks: [{ title: "Fill the can", done: true }],
  });
  const page = await devices.open({ as: account, path: "/all" });
  const said = async () => {
    const { occurrence, subtasks } = await find(account, series.id);
    return { occurrence, isFilled: subtasks[0]?.done };
  };
  const first = { occurrence: series.occurrence, isFilled: true };
  const next = { occurrence: "2099-03-28T09:00:00", isFilled: false };
  await tick(page, "Water the plants").click();
  await expect.poll(said).toEqual(next);
  await notices(page).getByRole("button", { name: strings.undo }).click();
  await expect.poll(said).toEqual(first);

  await opener(page, "Water the plants").click();
  await detail(page, "Water the plants").getByRole("button", { name: strings.skip }).click();
  await expect.poll(said).toEqual(next);
  await notices(page).getByRole("button", { name: strings.undo }).click();
  await expect.poll(said).toEqual(first);
});

test("several tasks are moved to a list and to a day, and Undo takes that back", async ({
  devices,
}) => {
  const account = await newAccount();
  const inbox = (await addTask(account, { title: "One" })).list_id;
  const garden = await addList(account, "Garden");
  await addTask(account, { title: "Two", list_id: garden, due_date: "2099-03-27T09:00:00Z" });
  const page = await devices.open({ as: account, path: "/all" });
  const bar = page.getByLabel(strings.chosen);
  const choose = async () => {
    await opener(page, "One").click({ modifiers: ["Control"] });
    await opener(page, "Two").click({ modifiers: ["Control"] });
  };
  const undo = () => notices(page).getByRole("button", { name: strings.undo }).click();
  const one = await fieldsOf(account);
  expect(one).toEqual({ One: [inbox, null], Two: [garden, "2099-03-27T09:00:00Z"] });

  await choose();
  const home = await addList(account, "Home");
  await bar.getByLabel(strings.moveTo).selectOption({ label: "Home" });
  await expect
    .poll(async () => Object.values(await fieldsOf(account)).map(([list]) => list))
    .toEqual([home, home]);
  await undo();
  await expect.poll(() => fieldsOf(account)).toEqual(one);

  await choose();
  await bar.getByLabel(strings.reschedule).selectOption(strings.tomorrow);
  const tomorrow = expect.stringMatching(/^20[2-8]\d-\d\d-\d\d$/);
  const atNine = expect.stringMatching(/^20[2-8]\d-\d\d-\d\dT0[89]:00:00Z$/);
  await expect
    .poll(() => fieldsOf(account))
    .toEqual({ One: [inbox, tomorrow], Two: [garden, atNine] });
  await undo();
  await expect.poll(() => fieldsOf(account)).toEqual(one);
});

test("tasks that are chosen are dragged to a list together", async ({ devices }) => {
  const account = await newAccount();
  const garden = await addList(account, "Garden");
  for (const title of ["One", "Two", "Three"]) await addTask(account, { title });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "One").click({ modifiers: ["Control"] });
  await opener(page, "Two").click({ modifiers: ["Control"] });
  const views = page.getByRole("navigation", { name: strings.views });
  await row(page, "Two").dragTo(views.getByRole("link", { name: "Garden" }));
  const inGarden = async () =>
    Object.entries(await fieldsOf(account))
      .filter(([, [list]]) => list === garden)
      .map(([title]) => title);
  await expect.poll(inGarden).toEqual(["One", "Two"]);
  await expect.poll(() => page.getByLabel(strings.chosen).count()).toBe(0);
  // One that is not chosen goes alone.
  await row(page, "Three").dragTo(views.getByRole("link", { name: "Garden" }));
  await expect.poll(inGarden).toEqual(["One", "Three", "Two"]);
});

test("a list is put in order by hand, by dragging and by keys", async ({ devices }) => {
  const account = await newAccount();
  const list_id = await addList(account, "Garden");
  for (const title of ["One", "Two", "Three"]) await addTask(account, { title, list_id });
  const page = await devices.open({ as: account, path: `/list/${list_id}` });
  await row(page, "Three").waitFor();
  await page.getByLabel(strings.sort).selectOption(strings.sorts.hand);
  await expect.poll(() => titles(page)).toEqual(["One", "Two", "Three"]);
  const query = { list: list_id, sort: "position" } as const;
  const kept = async () => {
    const { items } = await must(account.api.GET("/api/v1/tasks", { params: { query } }));
    return items.map(({ title }) => title);
  };
  const become = async (order: string[]) => {
    await expect.poll(() => titles(page)).toEqual(order);
    await expect.poll(kept).toEqual(order);
  };
  await row(page, "Three").dragTo(row(page, "One"));
  await become(["Three", "One", "Two"]);
  await notices(page).getByRole("button", { name: strings.undo }).click();
  await become(["One", "Two", "Three"]);
  await opener(page, "One").focus();
  await page.keyboard.press("Alt+ArrowDown");
  await become(["Two", "One", "Three"]);
  await page.keyboard.press("Alt+ArrowDown");
  await become(["Two", "Three", "One"]);
  expect(await opener(page, "One").evaluate((it) => it.matches(":focus"))).toBe(true);
});

test("a task that is dragged to Upcoming is due tomorrow", async ({ devices }) => {
  const account = await newAccount();
  await addTask(account, { title: "Drag me" });
  const page = await devices.open({ as: account, path: "/all" });
  const views = page.getByRole("navigation", { name: strings.views });
  await row(page, "Drag me").dragTo(views.getByRole("link", { name: "Upcoming" }));
  await expect
    .poll(async () => (await openTasks(account))[0]?.due_date)
    .toMatch(/^\d{4}-\d\d-\d\d$/);
});

test("on a phone a task is swiped away, and every view is reached", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Swipe me" });
  const page = await devices.open({ as: account, size: "phone", path: "/all" });
  await row(page, "Swipe me").waitFor();
  const box = (await row(page, "Swipe me").boundingBox())!;
  await swipe(page, { x: box.x + 60, y: box.y + box.height / 2 }, SWIPE_PX);
  await expect.poll(async () => (await find(account, id)).status).toBe("DONE");
  await page.getByRole("link", { name: "Today" }).tap();
  await heading(page, "Today").waitFor();
  await page.getByRole("button", { name: strings.more }).tap();
  await page.getByRole("navigation", { name: strings.views }).waitFor();
  await screenshot(page, "menu-phone-light");
});

async function addList(account: Account, name: string): Promise<string> {
  return (await must(account.api.POST("/api/v1/lists", { body: { name } }))).id;
}

/** Of each open task, by its title: the list that it is in, and when it is due. */
async function fieldsOf(account: Account): Promise<Record<string, [string | null, string | null]>> {
  const tasks = await openTasks(account);
  tasks.sort((one, other) => (one.title < other.title ? -1 : 1));
  return Object.fromEntries(
    tasks.map(({ title, list_id, due_date }) => [title, [list_id, due_date]]),
  );
}

/** A finger that goes to the right, and rests before it is lifted: after a fling Chromium takes no tap for a while. */
async function swipe(page: Page, from: { x: number; y: number }, by: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  let timestamp = Date.now() / 1000;
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", moved?: number) => {
    timestamp += 0.2;
    const touchPoints = moved === undefined ? [] : [{ x: from.x + moved, y: from.y }];
    return session.send("Input.dispatchTouchEvent", { type, touchPoints, timestamp });
  };
  await touch("touchStart", 0);
  for (let moved = 0; moved <= by; moved += 20) await touch("touchMove", moved);
  for (let rest = 0; rest < 5; rest += 1) await touch("touchMove", by + (rest % 2));
  await touch("touchEnd");
}
