/** What is set, brought in and looked after, through the page alone. */
import { expect } from "vitest";
import { settingsStrings } from "../src/strings/settings";
import { strings } from "../src/strings";
import { addTask, must, newAccount, openTasks, type Account } from "./accounts";
import { heading, opener, row } from "./home";
import { test } from "./stack";

const text = settingsStrings;

async function settingsOf(account: Account) {
  return must(account.api.GET("/api/v1/settings"));
}

test("settings are saved as a whole, a daily digest and quiet hours among them", async ({
  devices,
}) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/settings" });
  await page.getByRole("checkbox", { name: text.general.digest }).check();
  await page.getByLabel(text.general.digestAt).fill("06:45");
  await page.getByRole("checkbox", { name: text.general.quiet }).check();
  await page.getByRole("combobox", { name: text.general.weekStart }).selectOption("sunday");
  await page.getByRole("button", { name: strings.save }).click();
  await page.getByText(text.saved).waitFor();
  expect(await settingsOf(account)).toMatchObject({
    digest: { at: "06:45:00" },
    quiet_hours: { from: "22:00:00", to: "07:00:00" },
    language: { week_start: "sunday" },
  });
  await page.getByRole("checkbox", { name: text.general.digest }).uncheck();
  await page.getByRole("button", { name: strings.save }).click();
  await expect.poll(async () => (await settingsOf(account)).digest).toBe(null);
});

test("a file is looked at first, and then imported", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/import" });
  await heading(page, text.import.title).waitFor();
  const csv =
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,DATE\ntask,Buy stamps @errand,,4,1,tomorrow\n";
  await page.locator("input[type=file]").setInputFiles({
    name: "project.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(csv),
  });
  const take = page.getByRole("button", { name: text.import.importOf(1) });
  await take.waitFor();
  expect(await openTasks(account)).toEqual([]);
  await take.click();
  await page.getByText(text.import.done(1)).waitFor();
  expect((await openTasks(account)).map(({ title, tags }) => [title, tags])).toEqual([
    ["Buy stamps", ["errand"]],
  ]);
});

test("a task is made to repeat where it is open", async ({ devices }) => {
  const account = await newAccount();
  const { id } = await addTask(account, { title: "Water the plants", due_date: "2026-12-04" });
  const page = await devices.open({ as: account, path: "/all" });
  await opener(page, "Water the plants").click();
  await page.getByText(strings.addRepeat).click();
  await page
    .getByRole("combobox", { name: /repeat/i })
    .first()
    .selectOption({ index: 1 });
  const rule = async () => (await openTasks(account)).find((task) => task.id === id)?.recurrence;
  await expect.poll(rule).toMatchObject({ rrule: "FREQ=DAILY", dtstart: "2026-12-04" });
  await expect.poll(() => row(page, "Water the plants").getByText("every day").count()).toBe(1);
});

test("the calendar is walked through by keys, and a day's task opened", async ({ devices }) => {
  const account = await newAccount();
  const day = new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 10);
  await addTask(account, { title: "Tomorrow's task", due_date: day });
  const page = await devices.open({ as: account, path: "/calendar" });
  await page.locator("td[aria-current=date]").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page
    .getByRole("button", { name: /Tomorrow's task/ })
    .last()
    .click();
  await page.getByRole("article", { name: "Tomorrow's task" }).waitFor();
});
