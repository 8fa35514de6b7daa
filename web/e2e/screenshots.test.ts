/** A picture of every view: `SCREENSHOTS=write` keeps them in docs/screenshots/. */
import { beforeAll } from "vitest";
import { WRITES_SCREENSHOTS } from "./environment";
import { screenshot, test } from "./stack";
import { ADMIN, OUTSIDE, VIEWS, furnish, type Home } from "./views";

// Others look at every view, too: where no picture is wanted, one is enough.
const SHOWN = WRITES_SCREENSHOTS ? [...OUTSIDE, ...VIEWS, ADMIN] : VIEWS.slice(0, 1);

let home: Home;
let adminHome: Home;
beforeAll(async () => {
  home = await furnish();
  if (WRITES_SCREENSHOTS) adminHome = await furnish(true);
});

for (const view of SHOWN) {
  for (const size of ["desktop", "phone"] as const) {
    for (const theme of ["light", "dark"] as const) {
      test(`a picture of ${view.name}, ${size}, ${theme}`, async ({ devices }) => {
        const whose = view === ADMIN ? adminHome : home;
        const who = OUTSIDE.includes(view) ? {} : { as: whose.account };
        const page = await devices.open({ ...who, size, theme });
        await page.goto(view.path(whose));
        await view.show(page, whose);
        await screenshot(page, `${view.name}-${size}-${theme}`);
      });
    }
  }
}
