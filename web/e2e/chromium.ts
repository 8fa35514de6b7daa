/** The one Chromium that all tests drive, each in a context of its own. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";

/** What the browser is called, by the names that systems give it. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

declare module "vitest" {
  export interface ProvidedContext {
    chromium: string;
  }
}

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const server = await chromium.launchServer({
    executablePath: executable(),
    args: ["--no-sandbox", "--disable-gpu"],
  });
  project.provide("chromium", server.wsEndpoint());
  return () => server.close();
}

function executable(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`none of ${NAMES.join(", ")} is on PATH`);
  return found;
}
