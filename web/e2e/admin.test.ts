/** The administrator's page. crates/e2e/tests/browser has left it three dead letters. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { strings } from "../src/strings";
import { adminStrings } from "../src/strings/admin";
import { admin, newAccount } from "./accounts";
import { heading, notices } from "./home";
import { test } from "./stack";

const { letters } = adminStrings;

test("who administers sees people and what waits, and nobody else does", async ({ devices }) => {
  const [boss, account] = [await admin(), await newAccount()];
  const page = await devices.open({ as: boss, path: "/admin/people" });
  await page.getByText(boss.email, { exact: false }).first().waitFor();
  await page.goto("/admin/outbox");
  await heading(page, strings.viewNames.admin).waitFor();
  const other = await devices.open({ as: account, path: "/today" });
  await heading(other, "Today").waitFor();
  expect(await other.getByRole("link", { name: strings.viewNames.admin }).count()).toBe(0);
});

/** The dead letter that was kept for such a reason, in the list. */
function letter(page: Page, reason: RegExp) {
  return page.getByRole("row").filter({ has: page.getByRole("cell", { name: reason }) });
}

/** Reads the list again until it is there. */
async function comes(page: Page, one: Locator): Promise<void> {
  await expect
    .poll(async () => {
      await page.getByRole("button", { name: adminStrings.again }).click();
      return one.count();
    })
    .toBe(1);
}

function show(page: Page, state: keyof typeof letters.states) {
  return page.getByLabel(letters.state).selectOption(state);
}

test("a record that nobody can take is read, tried again, and discarded", async ({ devices }) => {
  const page = await devices.open({ as: await admin(), path: "/admin" });
  const garbage = letter(page, /not JSON/);
  const dialog = page.getByRole("dialog", { name: letters.one });
  await garbage.getByRole("button").click();
  // As it is, and not as a page.
  await dialog.getByRole("region", { name: letters.payload }).getByText("<b>garbage</b>").waitFor();
  await dialog.getByRole("button", { name: letters.redrive }).click();
  await notices(page).getByText(letters.requested).waitFor();

  await comes(page, garbage);
  await garbage.getByRole("button").click();
  await dialog.getByText(letters.problem).waitFor();
  await dialog.getByRole("button", { name: letters.discard }).click();
  const sure = page.getByRole("dialog", { name: letters.discardTitle });
  await sure.getByRole("button", { name: letters.discard }).click();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  await show(page, "discarded");
  await comes(page, garbage);
});

test("an event that was refused is redriven when the mistake is mended", async ({ devices }) => {
  const page = await devices.open({ as: await admin(), path: "/admin" });
  const refused = letter(page, /mistake/);
  const dialog = page.getByRole("dialog", { name: letters.one });
  await refused.getByRole("button").click();
  await dialog
    .getByRole("region", { name: letters.payload })
    .getByText(/Refused/)
    .waitFor();
  await dialog.getByRole("button", { name: letters.redrive }).click();
  await notices(page).getByText(letters.requested).waitFor();
  await show(page, "redriven");
  await comes(page, refused);
});
