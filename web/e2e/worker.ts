/** The service worker of a page: that it is there, what it shows, and what is done to it. */
import type { CDPSession, Page, Worker } from "playwright-core";
import type { About } from "../src/lib/worker-logic";
import { BASE_URL } from "./environment";

export interface Shown {
  title: string;
  body: string;
  tag: string;
  silent: boolean | null;
  data: About;
  actions: string[];
}

/** Waits until the worker has the page, and all of it. */
export async function controlled(page: Page): Promise<Worker> {
  await page.evaluate(async () => {
    const container = navigator.serviceWorker;
    await container.ready;
    if (container.controller) return;
    await new Promise((resolve) => container.addEventListener("controllerchange", resolve));
  });
  const [worker] = page.context().serviceWorkers();
  if (!worker) throw new Error("there is no service worker");
  return worker;
}

/** A browser that takes pushes, as its push service would bring them. */
export class Pushed {
  readonly #page: Page;
  readonly #worker: Worker;
  readonly #session: CDPSession;
  readonly #registrationId: string;

  private constructor(page: Page, worker: Worker, session: CDPSession, registrationId: string) {
    this.#page = page;
    this.#worker = worker;
    this.#session = session;
    this.#registrationId = registrationId;
  }

  static async at(page: Page): Promise<Pushed> {
    await page.context().grantPermissions(["notifications"]);
    const worker = await controlled(page);
    const session = await page.context().newCDPSession(page);
    const registrationId = new Promise<string>((resolve) =>
      session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(BASE_URL));
        if (ours) resolve(ours.registrationId);
      }),
    );
    await session.send("ServiceWorker.enable");
    return new Pushed(page, worker, session, await registrationId);
  }

  async deliver(message: unknown): Promise<void> {
    await this.#session.send("ServiceWorker.deliverPushMessage", {
      origin: new URL(BASE_URL).origin,
      registrationId: this.#registrationId,
      data: typeof message === "string" ? message : JSON.stringify(message),
    });
  }

  /** The notifications that stand. */
  shown(): Promise<Shown[]> {
    return this.#page.evaluate(async () => {
      const { getNotifications } = ServiceWorkerRegistration.prototype;
      const all = await getNotifications.call(await navigator.serviceWorker.ready);
      return all.map((one) => {
        const actions = (one as unknown as { actions: { title: string }[] }).actions;
        const { title, body, tag, silent, data } = one;
        return { title, body, tag, silent, data, actions: actions.map((action) => action.title) };
      });
    });
  }

  /** Presses a button of a notification, or the notification itself. No system says so: it gives no right to open. */
  async press(title: string, action: "done" | "snooze" | ""): Promise<void> {
    await this.#worker.evaluate(
      async ([title, action]) => {
        const scope = self as unknown as {
          registration: ServiceWorkerRegistration;
          NotificationEvent: new (type: string, init: object) => Event;
        };
        const all = await scope.registration.getNotifications();
        const notification = all.find((one) => one.title === title);
        if (!notification) throw new Error(`${title} is not shown`);
        const event = new scope.NotificationEvent("notificationclick", { notification, action });
        self.dispatchEvent(event);
      },
      [title, action] as const,
    );
  }
}
