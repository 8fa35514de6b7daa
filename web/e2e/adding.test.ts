/** One input for everything: what it understands, and what becomes of it. */
import { expect } from "vitest";
import { strings } from "../src/strings";
import { newAccount, openTasks } from "./accounts";
import { composer, heading, row, typeTask } from "./home";
import { test } from "./stack";

const SENTENCE = "Call the dentist tomorrow at 9 every week #health !high";

test("a sentence shows what was understood of it, and Enter adds that", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  await typeTask(page, SENTENCE, ["every week", "#health", "!high"]);
  await page.keyboard.press("Enter");
  await row(page, "Call the dentist").waitFor();
  expect(await composer(page).inputValue()).toBe("");
  await expect.poll(async () => (await openTasks(account)).length).toBe(1);
  const [task] = await openTasks(account);
  expect(task).toMatchObject({ title: "Call the dentist", tags: ["health"], priority: "HIGH" });
  expect(task?.recurrence).not.toBeNull();
  expect(new Date(task!.due_date!).getTime()).toBeGreaterThan(Date.now());
});

test("one key keeps a mark's words in the title", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  const keeps = page.getByRole("button", { name: strings.takeAsItStands("tomorrow") });
  await typeTask(page, "Read Days of tomorrow", ["tomorrow"]);
  await composer(page).press("End");
  await page.keyboard.press("Backspace");
  await keeps.waitFor({ state: "detached" });
  expect(await composer(page).inputValue()).toBe("Read Days of tomorrow");
  await page.keyboard.press("Enter");
  await row(page, "Read Days of tomorrow").waitFor();
  await expect.poll(async () => (await openTasks(account))[0]?.due_date).toBeNull();
});

test("Enter at once, before anything was understood, adds what is meant", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  await composer(page).fill("Pay the rent in 3 days");
  await page.keyboard.press("Enter");
  await row(page, "Pay the rent").waitFor();
  const due = async () => (await openTasks(account))[0]?.due_date;
  await expect.poll(due).toMatch(/^\d{4}-/);
});

test("a question opens the conversation, whose acts can be undone", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/today" });
  await heading(page, "Today").waitFor();
  await composer(page).fill("what's due today?");
  await page.getByText(strings.enterAsks).waitFor();
  await page.keyboard.press("Enter");
  const log = page.getByRole("log", { name: strings.messages });
  await log.getByText("what's due today?").waitFor();
  await log.getByText(/You have no tasks/).waitFor();
  const say = page.getByRole("textbox", { name: strings.say });
  await say.fill("add buy milk today");
  await page.keyboard.press("Enter");
  await row(page, "buy milk").or(row(page, "Buy milk")).waitFor();
  await log.getByRole("button", { name: strings.undo }).click();
  await expect.poll(async () => (await openTasks(account)).length).toBe(0);
  await expect.poll(() => row(page, "Buy milk").or(row(page, "buy milk")).count()).toBe(0);
});
