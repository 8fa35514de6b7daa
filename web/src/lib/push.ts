/**
 * This browser's subscription to Web Push. Never: asks for permission but in answer to a press of a button, and
 * subscribes for a server without a key.
 */

/** Why a browser can't be notified; `undecided` and `refused` may go otherwise the next time. */
export type PushProblem =
  "insecure" | "unsupported" | "denied" | "noWorker" | "undecided" | "refused";

export class PushError extends Error {
  readonly problem: PushProblem;

  constructor(problem: PushProblem, cause?: unknown) {
    super(cause instanceof Error ? cause.message : problem, { cause });
    this.name = "PushError";
    this.problem = problem;
  }
}

/** A subscription as the API takes it. */
export interface PushSubscriptionBody {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

/** What stands in the way before anybody is asked; null where nothing does. */
export function pushProblem(): PushProblem | null {
  if (!isSecureContext) return "insecure";
  const isSupported =
    "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!isSupported) return "unsupported";
  return Notification.permission === "denied" ? "denied" : null;
}

/** The address of this browser's subscription, by which its channel is known; null where there is none. */
export async function subscribedEndpoint(): Promise<string | null> {
  return (await currentSubscription())?.endpoint ?? null;
}

/** Asks for permission and subscribes with the server's key. */
export async function subscribe(publicKey: string): Promise<PushSubscriptionBody> {
  const problem = pushProblem();
  if (problem) throw new PushError(problem);
  // First of all: browsers ask only while a press of a button is fresh.
  const permission = await Notification.requestPermission();
  if (permission !== "granted") {
    throw new PushError(permission === "denied" ? "denied" : "undecided");
  }
  // Without one, `ready` would wait for ever.
  if (!(await navigator.serviceWorker.getRegistration())) throw new PushError("noWorker");
  const { pushManager } = await navigator.serviceWorker.ready;
  const key = bytesOf(publicKey);
  try {
    const old = await pushManager.getSubscription();
    // A subscription is for one key; the server may have another by now.
    if (old && !isFor(old, key)) await old.unsubscribe();
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    return bodyOf(made.toJSON());
  } catch (error) {
    throw new PushError("refused", error);
  }
}

/** Ends this browser's subscription, where it has one. */
export async function unsubscribe(): Promise<void> {
  await (await currentSubscription())?.unsubscribe();
}

async function currentSubscription(): Promise<PushSubscription | null> {
  if (pushProblem() !== null) return null;
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
}

function bodyOf({ endpoint, keys }: PushSubscriptionJSON): PushSubscriptionBody {
  const { p256dh, auth } = keys ?? {};
  if (!endpoint || !p256dh || !auth) throw new Error("the subscription has no address or no keys");
  return { endpoint, keys: { p256dh, auth } };
}

function isFor(subscription: PushSubscription, key: Uint8Array): boolean {
  const bytes = subscription.options.applicationServerKey;
  if (!bytes) return false;
  const own = new Uint8Array(bytes);
  return own.length === key.length && own.every((byte, index) => byte === key[index]);
}

/** The bytes of base64url. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
