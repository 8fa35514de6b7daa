/** Every view, with something in it to see. */
import type { Page } from "playwright-core";
import { strings } from "../src/strings";
import { ZONE, addTask, admin, must, newAccount, type Account } from "./accounts";
import { composer, detail, opener, reminderCard, row } from "./home";

const DAY_MS = 86_400_000;

export interface View {
  name: string;
  path: (home: Home) => string;
  /** Waits until it is there, and opens in it what belongs to it. */
  show: (page: Page, home: Home) => Promise<void>;
}

/** An account with tasks of every kind. */
export interface Home {
  account: Account;
  list: string;
  task: string;
}

function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString();
}

function dayIn(days: number): string {
  return inDays(days).slice(0, 10);
}

/** Furnishes a new account; as an administrator only where that is to be seen. */
export async function furnish(isAdmin = false): Promise<Home> {
  const account = isAdmin ? await admin() : await newAccount();
  const list = await must(account.api.POST("/api/v1/lists", { body: { name: "Garden" } }));
  const big = await addTask(account, {
    title: "Plan the summer holidays with everybody",
    description:
      "Ask **Ada** and *Bob*:\n\n- where\n- when\n\n[Trains](https://example.org/trains)",
    due_date: dayIn(0),
    priority: "HIGH",
    tags: ["family", "travel"],
    subtasks: [{ title: "Choose a week", done: true }, { title: "Book the trains" }],
    reminders: [{ offset: "-PT15M" }],
  });
  await addTask(account, { title: "Call the dentist", due_date: inDays(-2), tags: ["health"] });
  await addTask(account, { title: "Pay the rent", due_date: dayIn(-1), priority: "HIGH" });
  await addTask(account, {
    title: "Water the plants",
    recurrence: {
      rrule: "FREQ=DAILY;INTERVAL=2",
      dtstart: `${dayIn(1)}T09:00:00`,
      time_zone: ZONE,
    },
    list_id: list.id,
  });
  await addTask(account, { title: "Buy tomato seeds", list_id: list.id, priority: "LOW" });
  await addTask(account, { title: "Read the report", due_date: dayIn(3), tags: ["work"] });
  for (const [title, act] of [
    ["Send the invoice", "complete"],
    ["An old idea", "delete"],
  ] as const) {
    const { id } = await addTask(account, { title });
    const params = { path: { task_id: id } };
    if (act === "delete") await must(account.api.DELETE("/api/v1/tasks/{task_id}", { params }));
    else await must(account.api.POST("/api/v1/tasks/{task_id}/complete", { params, body: {} }));
  }
  return { account, list: list.id, task: big.id };
}

async function heading(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
}

async function settled(page: Page, words: string): Promise<void> {
  await heading(page);
  await page.getByRole("main").getByText(words).first().waitFor();
}

export const VIEWS: View[] = [
  { name: "today", path: () => "/today", show: (page) => settled(page, "Pay the rent") },
  { name: "upcoming", path: () => "/upcoming", show: (page) => settled(page, "Read the report") },
  { name: "all", path: () => "/all", show: (page) => settled(page, "Buy tomato seeds") },
  {
    name: "list",
    path: ({ list }) => `/list/${list}`,
    show: (page) => settled(page, "Buy tomato seeds"),
  },
  { name: "tag", path: () => "/tag/health", show: (page) => settled(page, "Call the dentist") },
  { name: "calendar", path: () => "/calendar", show: heading },
  { name: "done", path: () => "/done", show: (page) => settled(page, "Send the invoice") },
  { name: "trash", path: () => "/trash", show: (page) => settled(page, "An old idea") },
  { name: "settings", path: () => "/settings", show: heading },
  { name: "import", path: () => "/import", show: heading },
  {
    name: "task",
    path: ({ task }) => `/today?task=${task}`,
    show: async (page) => {
      await detail(page, "Plan the summer holidays with everybody").waitFor();
      await page.getByText("Trains").waitFor();
    },
  },
  {
    name: "typing",
    path: () => "/today",
    show: async (page) => {
      await settled(page, "Pay the rent");
      await composer(page).fill("Call the dentist tomorrow at 9 every week #health !high");
      await page.getByRole("button", { name: strings.takeAsItStands("#health") }).waitFor();
    },
  },
  {
    name: "conversation",
    path: () => "/today",
    show: async (page) => {
      await settled(page, "Pay the rent");
      await page.getByRole("button", { name: strings.openConversation }).click();
      await page.getByRole("textbox", { name: strings.say }).fill("what's overdue?");
      await page.keyboard.press("Enter");
      await page
        .getByRole("log")
        .getByText(/Pay the rent/)
        .waitFor();
    },
  },
  {
    name: "chosen",
    path: () => "/all",
    show: async (page) => {
      await opener(page, "Buy tomato seeds").click({ modifiers: ["Control"] });
      await page.getByRole("region", { name: strings.chosen }).waitFor();
    },
  },
  {
    name: "keys",
    path: () => "/today",
    show: async (page) => {
      await settled(page, "Pay the rent");
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "reminder",
    path: () => "/today",
    show: async (page, { account }) => {
      await settled(page, "Pay the rent");
      const title = `Turn the roast ${Date.now() % 1000}`;
      await addTask(account, { title, due_date: new Date(Date.now() + 1500).toISOString() });
      await reminderCard(page, title).waitFor();
      await row(page, title).waitFor();
    },
  },
];

export const OUTSIDE: View[] = ["login", "register"].map((name) => ({
  name,
  path: () => `/${name}`,
  show: heading,
}));

export const ADMIN: View = { name: "admin", path: () => "/admin", show: heading };
