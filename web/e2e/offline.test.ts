/** The page without a network, and as a program that is installed. */
import { expect } from "vitest";
import { addTask, newAccount, openTasks } from "./accounts";
import { composer, detail, opener, ready, row } from "./home";
import { test } from "./stack";
import { controlled } from "./worker";

/** What is asked for without a network fails, and Chromium logs it. */
const CUT = [/net::ERR_(INTERNET_DISCONNECTED|FAILED)/];

test("without a network the page opens, whichever view is asked for", async ({ devices }) => {
  const account = await newAccount();
  await addTask(account, { title: "Kept here" });
  const page = await devices.open({ as: account, path: "/all" });
  await row(page, "Kept here").waitFor();
  const worker = await controlled(page);
  devices.expect(...CUT);
  await page.context().setOffline(true);
  const reaches = () => fetch("/api/v1/me").then(String, () => "nothing");
  expect(await worker.evaluate(reaches), "the worker has no network either").toBe("nothing");
  await page.goto("/today");
  await ready(page);
  await page.goto("/all?from=elsewhere");
  await row(page, "Kept here").waitFor();
  // What is loaded only when it is needed is here as well.
  await opener(page, "Kept here").first().click();
  await detail(page, "Kept here").waitFor();
  await expect(page.goto("/api/docs/")).rejects.toThrow(/ERR_INTERNET_DISCONNECTED/);
});

test("what is typed without a network outlives a reload, and is sent once", async ({ devices }) => {
  const account = await newAccount();
  const page = await devices.open({ as: account, path: "/all" });
  await ready(page);
  await controlled(page);
  devices.expect(...CUT);
  await page.context().setOffline(true);
  await composer(page).fill("Typed in the tunnel");
  await page.keyboard.press("Enter");
  await row(page, "Typed in the tunnel").waitFor();
  await page.reload();
  await row(page, "Typed in the tunnel").waitFor();
  expect(await openTasks(account)).toEqual([]);
  await page.context().setOffline(false);
  const titles = async () => (await openTasks(account)).map(({ title }) => title);
  await expect.poll(titles).toEqual(["Typed in the tunnel"]);
});

test("it can be installed", async ({ devices }) => {
  const page = await devices.open({ as: await newAccount(), path: "/today" });
  await ready(page);
  await controlled(page);
  const session = await page.context().newCDPSession(page);
  const { errors, manifest } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(manifest).toMatchObject({ id: expect.stringMatching(/\/$/) });
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // Each device of the tests is a private window.
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(["in-incognito"]);
  const icons = [
    "icon.svg",
    "icon-192.png",
    "icon-512.png",
    "icon-maskable-512.png",
    "badge-96.png",
  ];
  for (const icon of icons) {
    const type = await page.evaluate(async (path) => {
      const answer = await fetch(path);
      return answer.ok ? answer.headers.get("content-type") : answer.status;
    }, `/${icon}`);
    expect(type, icon).toBe(icon.endsWith("svg") ? "image/svg+xml" : "image/png");
  }
});
