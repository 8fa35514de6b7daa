/** Who one is: an account made, entered and left. */
import { expect } from "vitest";
import { strings } from "../src/strings";
import { PASSWORD, addTask, newAccount, newEmail } from "./accounts";
import { BASE_URL } from "./environment";
import { row } from "./home";
import { gzippedBytes, watchLoads } from "./metrics";
import { signIn, signUp, test } from "./stack";

/** What a first visit may load, in bytes. */
const FIRST_LOAD_BYTES = 120_000;
/** Less would mean that something was not counted, in bytes. */
const LEAST_LOAD_BYTES = 20_000;

test("a stranger makes an account and is at Today", async ({ devices }) => {
  const page = await devices.open({ path: "/" });
  await page.waitForURL("**/login");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.waitForURL("**/register");
  await signUp(page);
  await page.getByRole("main").waitFor();
  const zone = await page.evaluate(async () => {
    const answer = await fetch("/api/v1/me");
    return ((await answer.json()) as { time_zone: string }).time_zone;
  });
  expect(zone).toBe("Europe/Berlin");
});

test("a session is kept over a reload, and in another window", async ({ devices }) => {
  const page = await devices.open();
  await signUp(page);
  await page.reload();
  await page.getByRole("main").waitFor();
  expect(new URL(page.url()).pathname).toBe("/today");
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByRole("main").waitFor();
  expect(await other.getByLabel("Password").count()).toBe(0);
});

test("a wrong password is told, and the right one lets in", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open();
  devices.expect(/401 .*\/auth\/login$/);
  await signIn(page, account.email, "not the password");
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/password/i);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/today");
});

test("an address that is taken is told", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ path: "/register" });
  devices.expect(/409 .*\/auth\/register$/);
  await page.getByLabel("E-mail address").fill(account.email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect.poll(() => page.getByRole("alert").textContent()).not.toBe("");
});

test("who signs out leaves nothing to who comes next", async ({ devices }) => {
  const account = await newAccount();
  await addTask(account, { title: "A secret", due_date: new Date().toISOString().slice(0, 10) });
  const page = await devices.open({ as: account, path: "/today" });
  await row(page, "A secret").waitFor();
  await page.getByRole("button", { name: strings.openConversation }).click();
  await page.getByRole("textbox", { name: strings.say }).fill("what's due today?");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByText("A secret").waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Settings" }).click();
  await page.getByRole("main").getByRole("link", { name: "Account", exact: true }).click();
  await page.getByRole("button", { name: strings.signOut, exact: true }).click();
  await page.waitForURL("**/login");
  expect(await page.evaluate(() => document.body.innerText)).not.toContain("secret");
  // Nothing is loaded again between them.
  await page.getByRole("link", { name: strings.signUp }).click();
  await page.getByLabel("E-mail address").fill(newEmail());
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/today");
  const talk = page.getByRole("button", { name: strings.openConversation });
  const say = page.getByRole("textbox", { name: strings.say });
  await talk.or(say).first().waitFor();
  if (await talk.isVisible()) await talk.click();
  await say.waitFor();
  expect(await page.getByText("A secret").count()).toBe(0);
  expect(await page.getByText("what's due today?").count()).toBe(0);
});

test("the page's policy allows nothing inline", async ({ devices }) => {
  const answer = await fetch(BASE_URL);
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain("unsafe");
  const page = await devices.open({ path: "/login" });
  const isRefused = (code: () => void) =>
    page.evaluate(code).then(
      () => false,
      (error: unknown) => /TrustedScript|TrustedHTML/.test(String(error)),
    );
  devices.expect(/This document requires 'Trusted(Script|HTML)' assignment/, /^policy: require-/);
  expect(
    await isRefused(() => {
      document.createElement("script").textContent = "window.ran = true";
    }),
  ).toBe(true);
  expect(
    await isRefused(() => {
      document.body.innerHTML = "<img src=x onerror='window.ran = true'>";
    }),
  ).toBe(true);
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
});

for (const who of ["a stranger", "somebody signed in"]) {
  test(`a first visit of ${who} loads at most 120 kB, gzipped`, async ({ devices }) => {
    const account = await newAccount();
    const page = await devices.open(who === "a stranger" ? {} : { as: account });
    const urls = watchLoads(page);
    await page.goto("/", { waitUntil: "load" });
    await page.getByRole("main").waitFor();
    await expect.poll(() => [...urls].some((url) => url.endsWith(".css"))).toBe(true);
    const loads = await Promise.all(
      [...urls].map(async (url) => ({ url, bytes: await gzippedBytes(url, account.session) })),
    );
    const bytes = loads.reduce((sum, load) => sum + load.bytes, 0);
    console.log(`${bytes} bytes in ${loads.length} requests`);
    expect(bytes, JSON.stringify(loads, null, 1)).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
    expect(bytes).toBeGreaterThan(LEAST_LOAD_BYTES);
  });
}
