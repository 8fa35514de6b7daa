/**
 * The page's side of the service worker: whether another version waits, which task to open, what was shown already.
 *
 * It takes no more than types from the worker's own modules: the worker has to be one file.
 */
import { router } from "./router.svelte";
import type { PageReminder, ToPage, ToWorker } from "./worker-logic";

export type { PageReminder } from "./worker-logic";

const WORKER_URL = "/sw.js";
/** How often to ask for another version while the page stays open, in milliseconds. */
const UPDATE_CHECK_MS = 60 * 60 * 1000;
/** How many of the reminders that were shown are known: a push tells of the same within seconds. */
const KNOWN_REMINDERS = 100;

interface Policy {
  createScriptURL(url: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** A URL that the page's policy lets become a script, of the only one that it may be. */
function trusted(url: typeof WORKER_URL): string {
  const factory = (window as { trustedTypes?: PolicyFactory }).trustedTypes;
  if (!factory) return url;
  const createScriptURL = (given: string) => {
    if (given !== WORKER_URL) throw new TypeError(`${given} is no script of the page`);
    return given;
  };
  return factory.createPolicy("app", { createScriptURL }).createScriptURL(url);
}

class Worker {
  /** Whether another version is here, for the person to begin when they like. */
  hasUpdate = $state(false);
  #registration: ServiceWorkerRegistration | null = null;
  #isUpdating = false;
  #checkedAt = Date.now();
  #shown: string[] = [];

  constructor() {
    // While the page is worked on there is no worker.
    if (import.meta.env.PROD && "serviceWorker" in navigator) {
      void this.#register(navigator.serviceWorker);
    }
  }

  /** Begins with the other version. */
  update(): void {
    this.#isUpdating = true;
    const waiting = this.#registration?.waiting;
    if (waiting) tell(waiting, { type: "update" });
    else location.reload();
  }

  /** Tells of a reminder that came where the page is open, but nobody sees it. */
  notify({ task_id, reminder_id, title, triggered_at, due_date, lines }: PageReminder): void {
    if (document.visibilityState === "visible") {
      const shown = nameOf(reminder_id, Date.parse(triggered_at));
      this.#shown = [...this.#shown, shown].slice(-KNOWN_REMINDERS);
      return;
    }
    const worker = this.#registration?.active;
    if (!worker || Notification.permission !== "granted") return;
    const reminder = { task_id, reminder_id, title, triggered_at, due_date, lines: [...lines] };
    tell(worker, { type: "remind", reminder });
  }

  async #register(container: ServiceWorkerContainer): Promise<void> {
    container.addEventListener("message", (event) => this.#heard(event));
    container.addEventListener("controllerchange", () => void this.#isReplaced());
    container.startMessages();
    document.addEventListener("visibilitychange", () => this.#check());
    await hasLoaded();
    try {
      const options: RegistrationOptions = { scope: "/", updateViaCache: "none" };
      const registration = await container.register(trusted(WORKER_URL), options);
      this.#registration = registration;
      registration.addEventListener("updatefound", () => this.#follow(registration.installing));
      this.#follow(registration.installing);
      if (registration.waiting) void this.#compare(registration.waiting);
    } catch (error) {
      // A private window may allow none; the page works without.
      console.info("no service worker:", error);
    }
  }

  #follow(installing: ServiceWorker | null): void {
    installing?.addEventListener("statechange", () => {
      if (installing.state === "installed" && installing === this.#registration?.waiting) {
        void this.#compare(installing);
      }
    });
  }

  #check(): void {
    const isDue = Date.now() - this.#checkedAt >= UPDATE_CHECK_MS;
    if (document.visibilityState !== "visible" || !isDue) return;
    this.#checkedAt = Date.now();
    // Without a network there is nothing newer.
    void this.#registration?.update().catch(() => {});
  }

  /** The page may be of the version that waits already, as it comes from the service where there is one. */
  async #compare(worker: ServiceWorker): Promise<void> {
    const isOurs = await serves(worker);
    if (isOurs && worker.state === "installed") tell(worker, { type: "update" });
    this.hasUpdate = !isOurs;
  }

  async #isReplaced(): Promise<void> {
    if (this.#isUpdating) location.reload();
    else if (navigator.serviceWorker.controller) {
      await this.#compare(navigator.serviceWorker.controller);
    }
  }

  #heard(event: MessageEvent<ToPage>): void {
    const message = event.data;
    if (message.type === "open-task") router.open(message.task_id);
    else if (message.type === "has-shown") {
      const isShown = this.#shown.includes(nameOf(message.reminder_id, message.at));
      event.ports[0]?.postMessage(isShown);
    }
  }
}

/** What the page needs first comes first. */
function hasLoaded(): Promise<void> {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => window.addEventListener("load", () => resolve(), { once: true }));
}

function nameOf(reminder_id: string, at: number): string {
  return `${reminder_id} ${at}`;
}

function tell(worker: ServiceWorker, message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

/** Whether all that the page began with is of a worker's version. */
function serves(worker: ServiceWorker): Promise<boolean> {
  const scripts = [...document.querySelectorAll<HTMLScriptElement>("script[src]")];
  const styles = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const urls = [...scripts.map(({ src }) => src), ...styles.map(({ href }) => href)];
  const paths = urls.map((url) => new URL(url).pathname);
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data === true);
    tell(worker, { type: "serves", paths }, [port2]);
  });
}

export const worker = new Worker();

/** Tells of a reminder by the system where the page is hidden; where it is not, that the page has shown it. */
export function notifyHere(reminder: PageReminder): void {
  worker.notify(reminder);
}
