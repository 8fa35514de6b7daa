/** The parts of the page that tests look for, by what they are to somebody who can't see them. */
import type { Locator, Page } from "playwright-core";
import { strings } from "../src/strings";
import { settled } from "./stack";

export function composer(page: Page): Locator {
  return page.getByRole("textbox", { name: strings.composer });
}

/** Waits until the page has read what there is: from then on it hears of everything. */
export async function ready(page: Page): Promise<void> {
  await composer(page).waitFor();
  await settled(page);
}

/** A task in the list that is shown. */
export function row(page: Page, title: string): Locator {
  return page.getByRole("main").getByRole("group", { name: title, exact: true });
}

/** What one clicks to open it. */
export function opener(page: Page, title: string): Locator {
  return row(page, title).getByRole("button");
}

export function tick(page: Page, title: string): Locator {
  return page.getByRole("checkbox", { name: strings.markDone(title), exact: true });
}

/** The task that is open beside the list. */
export function detail(page: Page, title: string): Locator {
  return page.getByRole("article", { name: title, exact: true });
}

export function heading(page: Page, text: string): Locator {
  return page.getByRole("heading", { level: 1, name: text, exact: true });
}

export function notices(page: Page): Locator {
  return page.getByRole("region", { name: strings.notices });
}

export function reminderCard(page: Page, title: string): Locator {
  return page.getByRole("group", { name: strings.reminderOf(title), exact: true });
}

/** Types a sentence, and waits until what it means is shown. */
export async function typeTask(page: Page, sentence: string, marked: string[]): Promise<void> {
  await composer(page).fill(sentence);
  for (const words of marked) {
    await page.getByRole("button", { name: strings.takeAsItStands(words) }).waitFor();
  }
}

/** Titles of the rows that are drawn, from the top. */
export function titles(page: Page): Promise<string[]> {
  return page
    .getByRole("main")
    .getByRole("checkbox")
    .evaluateAll((ticks) => ticks.map((one) => one.closest("[role=group]")?.ariaLabel ?? ""));
}
