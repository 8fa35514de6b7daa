/** What others wrote stays text. */
import { expect } from "vitest";
import { addTask, must, newAccount } from "./accounts";
import { detail, heading, opener } from "./home";
import { test } from "./stack";

const SCRIPTS = [
  "<script>window.ran = 1</script>",
  "<img src=x onerror='window.ran = 1'>",
  "\"><svg onload='window.ran = 1'>",
  "{@html window.ran = 1}",
  "javascript:window.ran=1",
];
const DESCRIPTION = `
<script>window.ran = 1</script>
<img src=x onerror="window.ran = 1">
<iframe srcdoc="<script>parent.ran = 1</script>"></iframe>
<a href="javascript:window.ran=1">a link</a> [another](javascript:window.ran=1)
<form action="javascript:window.ran=1"><button>Press me</button></form>
<style>body { display: none }</style>
<details open ontoggle="window.ran = 1">x</details>
<math><mtext><table><mglyph><style><img src onerror="window.ran = 1">
`;

test("stored script in titles, tags, lists and descriptions stays text", async ({ devices }) => {
  const account = await newAccount();
  const params = { body: { name: SCRIPTS[1]! } };
  const { id: list_id } = await must(account.api.POST("/api/v1/lists", params));
  for (const title of SCRIPTS) {
    const tags = ["<script>window.ran=1</script>", '"onmouseover=window.ran=1'];
    await addTask(account, {
      title,
      tags,
      list_id,
      description: DESCRIPTION,
      subtasks: [{ title }],
    });
  }
  // What sanitizes reads it in a document of its own, in which nothing runs, and Chromium says so.
  devices.expect(/inline (style|event handler) violates/, /^policy: \S+ inline /);
  const page = await devices.open({ as: account, path: "/all" });
  for (const title of SCRIPTS) {
    await opener(page, title).click();
    await detail(page, title).waitFor();
    await detail(page, title).getByText("another").waitFor();
  }
  await page.goto(`/list/${list_id}`);
  await heading(page, SCRIPTS[1]!).waitFor();
  await page.goto(`/tag/${encodeURIComponent("<script>window.ran=1</script>")}`);
  await opener(page, SCRIPTS[0]!).click();
  const task = detail(page, SCRIPTS[0]!);
  await task.waitFor();
  await task.getByText("another").waitFor();
  const links = await task
    .getByRole("link")
    .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  expect(links.filter((href) => href !== null && /script/i.test(href))).toEqual([]);
  const foreign = ["script", "iframe", "form[action]", "style", "img[onerror]"];
  expect(await task.locator(foreign.join(", ")).count()).toBe(0);
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
});

test("stored script in the conversation and in reminders stays text", async ({ devices }) => {
  const account = await newAccount();
  const title = SCRIPTS[1]!;
  const page = await devices.open({ as: account, path: "/today" });
  await heading(page, "Today").waitFor();
  await addTask(account, { title, due_date: new Date(Date.now() + 1_000).toISOString() });
  await page.getByRole("region", { name: "Reminders" }).getByText(title).waitFor();
  await page.getByRole("button", { name: "Open the conversation" }).click();
  await page.getByRole("textbox", { name: "Say something" }).fill("what's due today?");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByText("onerror").waitFor();
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
});
