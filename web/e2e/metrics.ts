/** What a page costs: long tasks, interactions, and what it loads. */
import { get } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { BASE_URL } from "./environment";

interface Measured {
  interactions: { id: number; type: string; durationMs: number }[];
}

declare global {
  interface Window {
    measured: Measured;
  }
}

/** Measures in every page that this context opens. */
export async function observe(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const measured: Measured = { interactions: [] };
    window.measured = measured;
    const events = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceEventTiming[]) {
        const { interactionId, name, duration } = entry as typeof entry & { interactionId: number };
        if (interactionId > 0)
          measured.interactions.push({ id: interactionId, type: name, durationMs: duration });
      }
    });
    // The least that there is.
    const durationThreshold = 16;
    events.observe({ type: "event", buffered: true, durationThreshold } as PerformanceObserverInit);
  });
}

/** Forgets what was measured so far. */
export async function measureAnew(page: Page): Promise<void> {
  await settle(page);
  await page.evaluate(() => {
    window.measured.interactions.length = 0;
  });
}

/** From each interaction to the next paint, the longest first, in milliseconds; what took under 16 is left out. */
export async function interactions(page: Page): Promise<{ type: string; durationMs: number }[]> {
  await settle(page);
  const all = await page.evaluate(() => window.measured.interactions);
  const longest = new Map<number, (typeof all)[number]>();
  for (const one of all) {
    if (one.durationMs > (longest.get(one.id)?.durationMs ?? 0)) longest.set(one.id, one);
  }
  return [...longest.values()].sort((one, other) => other.durationMs - one.durationMs);
}

/** Observers are told after the frame in which it was. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))),
      ),
  );
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** The processor's time, in microseconds. */
  tdur?: number;
  args: { name?: string };
}

/**
 * The longest tasks of a page while something is done, in milliseconds of the processor's time: on a machine that others
 * use, too, that is what they take when it is one's own.
 */
export async function taskTimes(page: Page, act: () => Promise<void>): Promise<number[]> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    events.push(...(value as unknown as TraceEvent[]));
  });
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  const traceConfig = { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] };
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await act();
  await settle(page);
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const isMain = (event: TraceEvent) =>
    event.name === "thread_name" && event.args.name === "CrRendererMain";
  const threads = new Set(events.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  return events
    .filter(({ name, pid, tid }) => name.endsWith("RunTask") && threads.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => Math.round(tdur / 1000))
    .sort((one, other) => other - one);
}

/** What a page asks for from now on, by address. */
export function watchLoads(page: Page): Set<string> {
  const urls = new Set<string>();
  page.on("requestfinished", (request) => {
    if (request.url().startsWith(BASE_URL)) urls.add(request.url());
  });
  return urls;
}

/** How many bytes an address is with its head, gzipped: what every browser takes. */
export function gzippedBytes(url: string, session: string): Promise<number> {
  const headers = { "Accept-Encoding": "gzip", Cookie: `session=${session}` };
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.socket.bytesRead));
      answer.on("error", reject);
    }).on("error", reject);
  });
}
