/** The page for everybody: what axe-core finds, text twice as large, small screens. */
import { expect, beforeAll } from "vitest";
import type { Page } from "playwright-core";
import { violations } from "./axe";
import { settled, test } from "./stack";
import { ADMIN, OUTSIDE, VIEWS, furnish, type Home, type View } from "./views";

/** Text twice as large as browsers have it, in pixels. */
const LARGE_TEXT_PX = 32;

let home: Home;
let adminHome: Home;
beforeAll(async () => {
  home = await furnish();
  adminHome = await furnish(true);
});

const ALL: [View, () => Home | null][] = [
  ...OUTSIDE.map((view): [View, () => null] => [view, () => null]),
  ...VIEWS.map((view): [View, () => Home] => [view, () => home]),
  [ADMIN, () => adminHome],
];

for (const [view, homeOf] of ALL) {
  for (const theme of ["light", "dark"] as const) {
    test(`axe finds nothing in ${view.name}, ${theme}`, async ({ devices }) => {
      const whose = homeOf();
      const who = whose ? { as: whose.account } : {};
      const page = await devices.open({ ...who, theme, bypassCSP: true });
      await page.goto(view.path(whose ?? home));
      await view.show(page, whose ?? home);
      await settled(page);
      const found = await violations(page);
      expect(found.join("\n\n")).toBe("");
    });
  }

  for (const size of ["desktop", "phone"] as const) {
    test(`text twice as large fits ${view.name}, ${size}`, async ({ devices }) => {
      const whose = homeOf();
      const who = whose ? { as: whose.account } : {};
      const page = await devices.open({ ...who, size });
      await page.goto(view.path(whose ?? home));
      await view.show(page, whose ?? home);
      await settled(page);
      const before = await outside(page);
      expect(before.join("\n"), "as it is").toBe("");
      await page.evaluate((px) => {
        document.documentElement.style.fontSize = `${px}px`;
      }, LARGE_TEXT_PX);
      const found = await outside(page);
      expect(found.join("\n")).toBe("");
    });
  }
}

/** Text that nobody can read: it stands beside the window, or is cut where it stands. */
function outside(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const found: string[] = [];
    const width = document.documentElement.clientWidth;
    const scrolls = document.documentElement.scrollWidth;
    if (scrolls > width + 1) found.push(`the page scrolls sideways: ${scrolls} of ${width} px`);
    const describe = (element: Element) =>
      `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${(element.textContent ?? "").trim().slice(0, 60)}`;
    for (const element of document.body.querySelectorAll("*")) {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
      );
      if (!hasText || !element.checkVisibility({ visibilityProperty: true })) continue;
      const box = element.getBoundingClientRect();
      // Only for who listens.
      if (box.width <= 1 || box.height <= 1 || element.closest("[aria-hidden=true], .skip"))
        continue;
      if (box.right < 0) continue;
      if (box.left < -1 || box.right > width + 1) {
        found.push(
          `beside the window, ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}: ${describe(element)}`,
        );
      }
      const style = getComputedStyle(element);
      const isClipped = style.overflowX !== "visible" && style.overflowX !== "auto";
      if (isClipped && element.scrollWidth > element.clientWidth + 1) {
        found.push(`cut, ${element.clientWidth} of ${element.scrollWidth}: ${describe(element)}`);
      }
      if (element.tagName === "BUTTON" && element.scrollHeight > element.clientHeight + 2) {
        found.push(`higher than its button: ${describe(element)}`);
      }
    }
    return found;
  });
}
