import { afterEach, expect, test, vi } from "vitest";
import { PushError, bytesOf, pushProblem, subscribe } from "./push";

const KEY = "AQID";
const OTHER_KEY = "BAUG";

interface Browser {
  permission?: NotificationPermission;
  /** What the person answers. */
  answer?: NotificationPermission;
  isSecure?: boolean;
  hasWorker?: boolean;
  /** The key of a subscription that is there already. */
  subscribedWith?: string;
}

/** A browser, and what happens in it. */
function browser(options: Browser = {}): string[] {
  const done: string[] = [];
  const subscriptionWith = (key: string) => ({
    options: { applicationServerKey: bytesOf(key).buffer },
    unsubscribe: () => void done.push("unsubscribed"),
    toJSON: () => ({ endpoint: `https://push/${key}`, keys: { p256dh: "p", auth: "a" } }),
  });
  const { subscribedWith, hasWorker = true } = options;
  const pushManager = {
    getSubscription: async () => (subscribedWith ? subscriptionWith(subscribedWith) : null),
    subscribe: async ({ applicationServerKey }: { applicationServerKey: Uint8Array }) => {
      done.push("subscribed");
      return subscriptionWith(btoa(String.fromCharCode(...applicationServerKey)));
    },
  };
  const registration = { pushManager };
  const serviceWorker = {
    getRegistration: async () => (hasWorker ? registration : undefined),
    ready: hasWorker ? Promise.resolve(registration) : new Promise(() => {}),
  };
  const requestPermission = async () => {
    done.push("asked");
    return options.answer ?? "granted";
  };
  const Notification = { permission: options.permission ?? "default", requestPermission };
  vi.stubGlobal("isSecureContext", options.isSecure ?? true);
  vi.stubGlobal("navigator", { serviceWorker });
  vi.stubGlobal("Notification", Notification);
  vi.stubGlobal("window", { PushManager: class {}, Notification });
  return done;
}

async function problemOf(attempt: Promise<unknown>): Promise<string | undefined> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof PushError ? error.problem : undefined;
}

afterEach(() => vi.unstubAllGlobals());

test("a browser subscribes with the server's key", async () => {
  const done = browser();
  expect(await subscribe(KEY)).toEqual({
    endpoint: `https://push/${KEY}`,
    keys: { p256dh: "p", auth: "a" },
  });
  expect(done).toEqual(["asked", "subscribed"]);
});

test("nobody is asked where notifications are blocked or can't be", async () => {
  const blocked = browser({ permission: "denied" });
  expect(await problemOf(subscribe(KEY))).toBe("denied");
  expect(blocked).toEqual([]);

  const insecure = browser({ isSecure: false });
  expect(pushProblem()).toBe("insecure");
  expect(await problemOf(subscribe(KEY))).toBe("insecure");
  expect(insecure).toEqual([]);
});

test("a no and no answer are told apart", async () => {
  browser({ answer: "denied" });
  expect(await problemOf(subscribe(KEY))).toBe("denied");
  browser({ answer: "default" });
  expect(await problemOf(subscribe(KEY))).toBe("undecided");
});

test("without a service worker it ends, and does not wait for one", async () => {
  browser({ hasWorker: false });
  expect(await problemOf(subscribe(KEY))).toBe("noWorker");
});

test("a subscription for the server's former key is ended, and one for this key stays", async () => {
  const former = browser({ subscribedWith: OTHER_KEY });
  await subscribe(KEY);
  expect(former).toEqual(["asked", "unsubscribed", "subscribed"]);

  const same = browser({ subscribedWith: KEY });
  await subscribe(KEY);
  expect(same).toEqual(["asked", "subscribed"]);
});

test("base64url is read, with its own two characters", () => {
  expect([...bytesOf("-_8")]).toEqual([0xfb, 0xff]);
});
