/**
 * A person's open tasks and lists, here and now: what the service last said, with what was done here upon it.
 *
 * It reads everything once, follows the live stream from there, and keeps both in the browser. A command shows at once
 * and waits in a queue until the service has taken it: it is sent in its order, once, by one window at a time. What the
 * service refuses is rolled back with a word of why; what nobody answers stays. Never: a command that is forgotten, or
 * one that overwrites what somebody else has changed meanwhile.
 */
import {
  ApiError,
  Unreachable,
  api,
  body,
  whole,
  type Account,
  type List,
  type Settings,
  type Task,
} from "../api/client";
import { serverEvents } from "../api/events";
import { strings } from "../../strings";
import {
  conflictOf,
  names,
  renamed,
  taskIdsOf,
  withCommands,
  type Command,
  type Conflict,
  type Queued,
  type Tasks,
} from "./commands";
import {
  FIRST_RETRY_MS,
  Follower,
  LAST_RETRY_MS,
  type Connection,
  type Followed,
} from "./follower";
import { send } from "./send";
import { Storage, type Meta } from "./storage";

/** Tasks of a page of the list: the most that the service gives. */
const PAGE_TASKS = 200;
/** The service shows every 15 seconds that it lives. */
const SILENCE_MS = 35_000;
/** How many tasks are read at once. */
const READS_AT_ONCE = 8;
const SEND_LOCK = "send";

/** Something that the page is to tell. */
export type Told =
  | { kind: "refused"; command: Command; reason: string }
  | { kind: "taken"; command: Command; tasks: Task[] }
  | { kind: "event"; type: string; data: Record<string, unknown> };

export class Replica {
  /** Always the same person; the address may change. */
  account = $state.raw() as Account;
  settings = $state.raw<Settings | null>(null);
  lists = $state.raw<List[]>([]);
  connection = $state<Connection>("connecting");
  /** Whether there is something to show: from the service, or from the last time. */
  isReady = $state(false);
  conflicts = $state.raw<Conflict[]>([]);
  #base = $state.raw<Tasks>(new Map());
  #queue = $state.raw<Queued[]>([]);

  readonly timeZone = $derived(this.settings?.time_zone ?? "UTC");
  /** All that are not in the trash and not done, and those that were done since the page is open. */
  readonly tasks: Tasks = $derived(withCommands(this.#base, this.#queue, this.timeZone));
  /** The tasks that wait for the service. */
  readonly pending: ReadonlySet<string> = $derived(
    new Set(this.#queue.flatMap(({ command }) => taskIdsOf(command))),
  );
  /** How many commands wait. */
  readonly waiting = $derived(this.#queue.length);
  readonly inbox = $derived(this.lists.find((list) => list.is_inbox));

  #position: number | null = null;
  #storage: Storage;
  #isClosed = false;
  readonly #follower: Follower;
  #listeners = new Set<(told: Told) => void>();
  #channel = new BroadcastChannel("queue");
  #isSending = false;
  /** Of a task's version that a patch of ours was made upon, the one that it became. */
  #became = new Map<string, number>();

  private constructor(account: Account, storage: Storage) {
    this.account = account;
    this.#storage = storage;
    this.#follower = new Follower(this.#followed(), (after, signal, onopen) =>
      serverEvents(`/api/v1/stream?after=${after}`, { signal, silenceMs: SILENCE_MS, onopen }),
    );
  }

  /** What the browser has kept, of whomever; null where nothing. */
  static async remembered(): Promise<{ storage: Storage; meta: Meta | undefined }> {
    const storage = await Storage.open();
    return { storage, meta: await storage.meta() };
  }

  /** Opens with what is here already, and goes on with the service. */
  static async open(account: Account, storage: Storage, meta: Meta | undefined): Promise<Replica> {
    const replica = new Replica(account, storage);
    if (meta && meta.account.user_id !== account.user_id) await storage.clear();
    else if (meta) await replica.#takeFromStorage(meta);
    replica.#channel.onmessage = () => void replica.#reloadQueue();
    replica.#queue = await storage.queue();
    void replica.#follower.run();
    void replica.flush();
    window.addEventListener("online", replica.#wake);
    window.addEventListener("offline", replica.#follower.interrupt);
    return replica;
  }

  /** Tells of what comes until the returned function is called. */
  listen(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops; with `forget`, nothing stays in this browser. */
  async close(forget: boolean): Promise<void> {
    this.#isClosed = true;
    this.#follower.stop();
    window.removeEventListener("online", this.#wake);
    window.removeEventListener("offline", this.#follower.interrupt);
    this.#channel.close();
    if (forget) await this.#storage.clear();
  }

  /** Does something: it shows at once, and is sent. */
  async run(command: Command): Promise<void> {
    // What a person does is shown before anything else happens.
    const shown: Queued = { seq: Number.MAX_SAFE_INTEGER, key: crypto.randomUUID(), command };
    this.#queue = [...this.#queue, shown];
    const queued = await this.#storage.enqueue(shown.key, $state.snapshot(command) as Command);
    this.#queue = this.#queue.map((other) => (other === shown ? queued : other));
    this.#channel.postMessage("changed");
    void this.flush();
  }

  /** Puts a task in its state of now, as something other than a command has learned it. */
  take(tasks: readonly Task[], gone: readonly string[] = []): void {
    const after = new Map(this.#base);
    for (const task of tasks) {
      if (task.deleted_at) after.delete(task.id);
      else if ((after.get(task.id)?.version ?? -1) <= task.version) after.set(task.id, task);
    }
    for (const id of gone) after.delete(id);
    this.#base = after;
    void this.#storage.keep(
      this.#meta(),
      tasks.filter((task) => !task.deleted_at),
      [...gone, ...tasks.filter((task) => task.deleted_at).map((task) => task.id)],
    );
  }

  /** Decides a conflict: the person's own version upon the newer one, or not at all. */
  async resolve(conflict: Conflict, keepsMine: boolean): Promise<void> {
    this.conflicts = this.conflicts.filter((other) => other !== conflict);
    if (!keepsMine) return;
    const current = this.tasks.get(conflict.task.id) ?? conflict.task;
    const before = Object.fromEntries(
      Object.keys(conflict.command.patch).map((field) => [field, current[field as keyof Task]]),
    );
    await this.run({ ...conflict.command, version: current.version, before });
  }

  /** Reads account, lists and settings again. */
  async refresh(): Promise<void> {
    const [account, lists, settings] = await Promise.all([
      body(api.GET("/api/v1/me")),
      body(api.GET("/api/v1/lists")),
      body(api.GET("/api/v1/settings")),
    ]);
    this.account = account;
    this.lists = lists.items;
    this.settings = settings;
    void this.#storage.keep(this.#meta(), [], []);
  }

  async #takeFromStorage(meta: Meta): Promise<void> {
    const tasks = await this.#storage.tasks();
    this.#base = new Map(tasks.map((task) => [task.id, task]));
    this.settings = meta.settings;
    this.lists = meta.lists;
    this.#position = meta.position;
    this.isReady = meta.position !== null;
  }

  #meta(): Meta {
    const { account, settings, lists } = this;
    return { account, settings, lists, position: this.#position };
  }

  readonly #wake = (): void => {
    this.#follower.wake();
    void this.flush();
  };

  #tell(told: Told): void {
    for (const listener of this.#listeners) listener(told);
  }

  async #readAll(): Promise<number> {
    const tasks: Task[] = [];
    let cursor: string | null = null;
    let position: number | null = null;
    do {
      const page: Page = await readPage(cursor);
      position ??= page.position;
      tasks.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    await this.refresh();
    this.#base = new Map(tasks.map((task) => [task.id, task]));
    this.#position = position;
    this.isReady = true;
    await this.#storage.keepAll(this.#meta(), tasks);
    return position;
  }

  async #readTasks(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
      const some = ids.slice(at, at + READS_AT_ONCE);
      const found = await Promise.all(some.map(readTask));
      this.take(
        found.filter((task) => task !== null),
        some.filter((_, index) => found[index] === null),
      );
    }
  }

  /** What the follower may do here. */
  #followed(): Followed {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- accessors have a `this` of their own
    const replica = this;
    return {
      get position() {
        return replica.#position;
      },
      set position(position) {
        replica.#position = position;
      },
      get connection() {
        return replica.connection;
      },
      set connection(connection) {
        replica.connection = connection;
      },
      readAll: () => this.#readAll(),
      readTasks: (ids) => this.#readTasks(ids),
      refresh: () => this.refresh(),
      isKnown: (id, version) => version <= (this.#base.get(id)?.version ?? -1),
      remove: (id) => this.take([], [id]),
      keep: () => void this.#storage.keep(this.#meta(), [], []),
      heard: (type, data) => this.#tell({ kind: "event", type, data }),
      opened: () => this.#wake(),
      signedOut: () => this.#tell({ kind: "event", type: "signed-out", data: {} }),
    };
  }

  // The queue -------------------------------------------------------------------------------------

  async #reloadQueue(): Promise<void> {
    const kept = await this.#storage.queue();
    const unkept = this.#queue.filter(({ seq }) => seq === Number.MAX_SAFE_INTEGER);
    this.#queue = [...kept, ...unkept];
  }

  /** Sends what waits, in its order, and tries again until all is sent. */
  async flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    let retryMs = FIRST_RETRY_MS;
    while (this.#queue.length > 0 && !this.#isClosed) {
      const isSent = await navigator.locks.request(SEND_LOCK, () => this.#sendAll());
      if (isSent) await this.#reloadQueue();
      else {
        await this.#follower.pause(retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
    this.#isSending = false;
  }

  /** Whether nothing is left. */
  async #sendAll(): Promise<boolean> {
    while (!this.#isClosed) {
      const [next] = await this.#storage.queue();
      if (!next) return true;
      if (!(await this.#sendOne(next))) return false;
    }
    return false;
  }

  /** Whether the next may be sent. */
  async #sendOne(kept: Queued): Promise<boolean> {
    const queued = { ...kept, command: this.#uponOurs(kept.command) };
    try {
      const { tasks, gone } = await send(queued);
      this.#remember(queued.command, tasks);
      await this.#rename(queued, tasks);
      await this.#done(queued, tasks, gone);
      this.#tell({ kind: "taken", command: queued.command, tasks });
      return true;
    } catch (error) {
      if (error instanceof Unreachable) {
        this.#follower.interrupt();
        return false;
      }
      if (error instanceof ApiError && error.isTransient) return false;
      if (error instanceof ApiError && error.status === 401) return false;
      return this.#refused(queued, error);
    }
  }

  /** A patch that was made while another one of ours was under way goes upon that. */
  #uponOurs(command: Command): Command {
    if (command.kind !== "patch") return command;
    let { version } = command;
    let next = this.#became.get(`${command.id} ${version}`);
    while (next !== undefined) {
      version = next;
      next = this.#became.get(`${command.id} ${version}`);
    }
    return { ...command, version };
  }

  #remember(command: Command, [task]: readonly Task[]): void {
    if (command.kind !== "patch" || !task || task.version === command.version) return;
    this.#became.set(`${command.id} ${command.version}`, task.version);
  }

  async #refused(queued: Queued, error: unknown): Promise<boolean> {
    const { command } = queued;
    if (
      error instanceof ApiError &&
      error.code === "version_mismatch" &&
      command.kind === "patch"
    ) {
      return this.#sendUponNewer(queued, command);
    }
    await this.#done(queued, [], []);
    for (const id of taskIdsOf(command)) this.#follower.gather(id);
    const reason = error instanceof Error ? error.message : strings.unknownProblem;
    this.#tell({ kind: "refused", command, reason });
    return true;
  }

  /** Where somebody else changed other fields, ours go upon theirs; where the same, the person decides. */
  async #sendUponNewer(
    queued: Queued,
    command: Extract<Command, { kind: "patch" }>,
  ): Promise<boolean> {
    const current = await readTask(command.id);
    if (current === null) {
      await this.#done(queued, [], [command.id]);
      this.#tell({ kind: "refused", command, reason: strings.taskGone });
      return true;
    }
    const conflict = conflictOf(command, current);
    if (conflict) {
      await this.#done(queued, [current], []);
      this.conflicts = [...this.conflicts, conflict];
      return true;
    }
    await this.#storage.requeue({ ...queued, command: { ...command, version: current.version } });
    this.take([current]);
    return true;
  }

  async #done(queued: Queued, tasks: Task[], gone: string[]): Promise<void> {
    await this.#storage.dequeue(queued.seq);
    // Both at once, so that nothing flickers.
    this.#queue = this.#queue.filter(({ key }) => key !== queued.key);
    this.take(tasks, gone);
    this.#channel.postMessage("changed");
  }

  /** What waits behind an addition may be about the task that it made. */
  async #rename({ seq, command }: Queued, [task]: readonly Task[]): Promise<void> {
    if (!task || (command.kind !== "add" && command.kind !== "phrase")) return;
    for (const later of await this.#storage.queue()) {
      const of = later.command;
      if (later.seq <= seq || !names(of, command.id)) continue;
      await this.#storage.requeue({ ...later, command: renamed(of, command.id, task) });
    }
    await this.#reloadQueue();
  }
}

async function readTask(task_id: string): Promise<Task | null> {
  try {
    return await body(api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id } } }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

type Page = Awaited<ReturnType<typeof readPage>>;

async function readPage(cursor: string | null) {
  const open: Task["status"][] = ["TODO", "IN_PROGRESS"];
  const query = { status: open, limit: PAGE_TASKS, ...(cursor === null ? {} : { cursor }) };
  const { data, response } = await whole(api.GET("/api/v1/tasks", { params: { query } }));
  const position = Number(response.headers.get("X-Feed-Position"));
  return { items: data.items, next_cursor: data.next_cursor ?? null, position };
}
