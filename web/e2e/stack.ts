/**
 * What every test has: browsers, each as another device, and what went wrong in them unseen. A page that complains
 * about anything that its test does not expect fails the test.
 */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect, test as base, inject } from "vitest";
import { strings } from "../src/strings";
import { PASSWORD, ZONE, newAddress, newEmail, type Account } from "./accounts";
import { BASE_URL, WRITES_SCREENSHOTS } from "./environment";
import { observe } from "./metrics";

const SIZES = {
  desktop: { width: 1280, height: 800 },
  wide: { width: 1920, height: 1080 },
  phone: { width: 390, height: 844 },
} as const;
const SCREENSHOTS = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
/** How long the page may take to do what is asked of it, in milliseconds. */
const ACTION_TIMEOUT_MS = 20_000;
/** That nobody is signed in the page learns by asking, and Chromium logs every 401. */
const ALWAYS_EXPECTED = [/401 .*\/api\/v1\/me$/];

export interface Device {
  /** Who is signed in; nobody where it is left out. */
  as?: Account;
  size?: keyof typeof SIZES;
  theme?: "light" | "dark";
  zone?: string;
  /** Whether the page's policy is lifted, for a tool that has to run in the page. */
  bypassCSP?: boolean;
  /** Where it goes at once. */
  path?: string;
}

export class Devices {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  readonly #expected = [...ALWAYS_EXPECTED];
  readonly #complaints = new Set<string>();

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Another device, that nobody has used before, with one page open. */
  async open(device: Device = {}): Promise<Page> {
    const isPhone = device.size === "phone";
    const context = await this.#browser.newContext({
      baseURL: BASE_URL,
      viewport: SIZES[device.size ?? "desktop"],
      hasTouch: isPhone,
      isMobile: isPhone,
      colorScheme: device.theme ?? "light",
      timezoneId: device.zone ?? ZONE,
      locale: "en-GB",
      bypassCSP: device.bypassCSP ?? false,
      extraHTTPHeaders: { "X-Forwarded-For": newAddress() },
    });
    this.#contexts.push(context);
    context.setDefaultTimeout(ACTION_TIMEOUT_MS);
    if (device.as) {
      await context.addCookies([{ name: "session", value: device.as.session, url: BASE_URL }]);
    }
    await this.#listen(context);
    await observe(context);
    const page = await context.newPage();
    if (device.path !== undefined) await page.goto(device.path);
    return page;
  }

  /** What a page may complain about in this test. */
  expect(...complaints: RegExp[]): void {
    this.#expected.push(...complaints);
  }

  /** What was complained about so far that nobody expects. */
  get complaints(): string[] {
    return [...this.#complaints].filter(
      (text) => !this.#expected.some((known) => known.test(text)),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }

  /** Shows what the pages looked like when a test failed. */
  async photograph(name: string): Promise<string[]> {
    const pages = this.#contexts.flatMap((context) => context.pages());
    const file = name.replaceAll(/\W+/g, "-");
    const paths = pages.map((_, index) => join(tmpdir(), "e2e-failures", `${file}-${index}.png`));
    await Promise.all(pages.map((page, index) => page.screenshot({ path: paths[index]! })));
    return paths;
  }

  async #listen(context: BrowserContext): Promise<void> {
    const complain = (text: string) => this.#complaints.add(text);
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      complain(`console: ${message.text()} ${message.location().url}`);
    });
    context.on("weberror", (error) => complain(`error: ${error.error().stack ?? error.error()}`));
    await context.exposeBinding("tellViolation", (_source, text: string) =>
      complain(`policy: ${text}`),
    );
    await context.addInitScript(() => {
      const tell = (window as unknown as { tellViolation: (text: string) => void }).tellViolation;
      document.addEventListener("securitypolicyviolation", (event) =>
        tell(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile} ${event.sample}`),
      );
    });
  }
}

export const test = base.extend<{ devices: Devices }>({
  devices: async ({ task }, use) => {
    const browser = await chromium.connect(inject("chromium"));
    const devices = new Devices(browser);
    try {
      await use(devices);
      const { complaints } = devices;
      if (task.result?.state === "fail") {
        const paths = await devices.photograph(task.name).catch(() => []);
        console.error(`${task.name}: ${[...paths, ...complaints].join("\n  ")}`);
      } else if (complaints.length > 0) {
        throw new Error(`the page complains:\n${complaints.join("\n")}`);
      }
    } finally {
      await devices.close();
      await browser.close();
    }
  },
});

/** Makes a new account as a person does; the page is open at Today then. */
export async function signUp(page: Page, email = newEmail()): Promise<string> {
  await page.goto("/register");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.waitForURL("**/today");
  return email;
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Waits until everything that is shown has come. */
export async function settled(page: Page): Promise<void> {
  await expect.poll(() => page.locator("[aria-busy=true]").count()).toBe(0);
  await expect.poll(() => page.getByText(strings.loading).count()).toBe(0);
}

/** Takes a screenshot of what has come, and keeps it where that is wanted. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await settled(page);
  const path = join(SCREENSHOTS, `${name}.png`);
  if (WRITES_SCREENSHOTS) await mkdir(dirname(path), { recursive: true });
  const options = WRITES_SCREENSHOTS ? { path } : {};
  await page.screenshot({ ...options, animations: "disabled", caret: "hide" });
}
