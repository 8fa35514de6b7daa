/** Who is signed in, and what is open for them. */
import { ApiError, Unreachable, api, body, type Account } from "./api/client";
import { Replica } from "./data/replica.svelte";
import { subscribedEndpoint, unsubscribe } from "./push";
import { router } from "./router.svelte";

class Session {
  /** Undefined until it is known; null for a stranger. */
  replica = $state.raw<Replica | null | undefined>(undefined);

  readonly #atEnd: (() => void)[] = [];

  get account(): Account | null {
    return this.replica?.account ?? null;
  }

  /** Opens the page: with the service, or with what this browser has kept. */
  async open(): Promise<void> {
    const { storage, meta } = await Replica.remembered();
    // What is here shows at once; whether the session still is, the service says meanwhile.
    if (meta) await this.#begin(await Replica.open(meta.account, storage, meta));
    try {
      const account = await body(api.GET("/api/v1/me"));
      if (account.user_id !== this.account?.user_id) {
        await this.replica?.close(false);
        await this.#begin(await Replica.open(account, storage, meta));
      } else if (this.replica) this.replica.account = account;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) await this.#lose();
      else if (!(error instanceof Unreachable) || !meta) this.replica ??= null;
    }
  }

  async register(email: string, password: string, time_zone: string): Promise<void> {
    await this.#enter(
      await body(api.POST("/api/v1/auth/register", { body: { email, password, time_zone } })),
    );
  }

  async logIn(email: string, password: string): Promise<void> {
    await this.#enter(await body(api.POST("/api/v1/auth/login", { body: { email, password } })));
  }

  async logOut(): Promise<void> {
    // Who can't be told apart any more is signed out all the same.
    await endPush().catch(() => {});
    await body(api.POST("/api/v1/auth/logout"));
    await this.forget();
  }

  /** Shows what a stranger sees, and leaves nothing in this browser. */
  async forget(): Promise<void> {
    await this.#leave(true);
  }

  /** The session has ended by itself: what was done here waits until the same person is back. */
  async #lose(): Promise<void> {
    await this.#leave(false);
  }

  /** Has something done when nobody is signed in any more: what was somebody's is nobody else's. */
  atEnd(act: () => void): void {
    this.#atEnd.push(act);
  }

  async #leave(forget: boolean): Promise<void> {
    const { replica } = this;
    this.replica = null;
    for (const act of this.#atEnd) act();
    await replica?.close(forget);
    if (!["login", "register"].includes(router.place.view)) router.go("/login", true);
  }

  async #enter(account: Account): Promise<void> {
    const { storage, meta } = await Replica.remembered();
    await this.#begin(await Replica.open(account, storage, meta));
    router.go("/today", true);
  }

  async #begin(replica: Replica): Promise<void> {
    this.replica = replica;
    replica.listen((told) => {
      if (told.kind === "event" && told.type === "signed-out") void this.#lose();
    });
  }
}

/** Who signs out here is not notified here any more. */
async function endPush(): Promise<void> {
  const endpoint = await subscribedEndpoint();
  if (endpoint === null) return;
  const { items } = await body(api.GET("/api/v1/channels"));
  const channel = items.find(
    ({ kind, ...rest }) => kind === "web_push" && "endpoint" in rest && rest.endpoint === endpoint,
  );
  if (channel) {
    const params = { path: { channel_id: channel.id } };
    await body(api.DELETE("/api/v1/channels/{channel_id}", { params }));
  }
  await unsubscribe();
}

export const session = new Session();

/** What is open, for views that are only shown when something is. */
export function replica(): Replica {
  if (!session.replica) throw new Error("nobody is signed in");
  return session.replica;
}
