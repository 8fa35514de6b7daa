/**
 * Follows a person's live stream and has what it tells of read. Promises: its position is passed on only when everything
 * up to there is in; where a reading fails it begins again from the last such position. Never: an event that is passed
 * over, whenever a connection or a window ends.
 */
import { ApiError } from "../api/client";
import type { ServerEvent } from "../api/events";

/** Between two tries to reach the service, doubled from the first to the last. */
export const FIRST_RETRY_MS = 500;
export const LAST_RETRY_MS = 30_000;
/** How long changes are gathered before their tasks are read, in milliseconds. */
const GATHER_MS = 25;
/** From so many changed tasks on, all are read again. */
const MANY_TASKS = 50;

export type Connection = "connecting" | "live" | "lost";

/** What follows. */
export interface Followed {
  /** Up to where in the stream everything is in; null where nothing is. */
  position: number | null;
  connection: Connection;
  /** Reads everything, and says up to where that is. */
  readAll(): Promise<number>;
  readTasks(ids: readonly string[]): Promise<void>;
  /** Reads what is no task: account, lists, settings. */
  refresh(): Promise<void>;
  /** Whether a task is known in this version or a newer one. */
  isKnown(id: string, version: number): boolean;
  remove(id: string): void;
  /** Keeps the position. */
  keep(): void;
  heard(type: string, data: Record<string, unknown>): void;
  /** It can be reached again. */
  opened(): void;
  /** Nobody is signed in any more. */
  signedOut(): void;
}

type Connect = (
  after: number,
  signal: AbortSignal,
  onopen: () => void,
) => AsyncIterable<ServerEvent>;

export class Follower {
  readonly #of: Followed;
  readonly #connect: Connect;
  readonly #stopped = new AbortController();
  /** Ends the stream that is read, which then begins again. */
  #stream = new AbortController();
  #pauses = new Set<() => void>();
  #heardUpTo = 0;
  #changed = new Set<string>();
  #hasOthers = false;
  #reading: Promise<void> | null = null;

  constructor(of: Followed, connect: Connect) {
    this.#of = of;
    this.#connect = connect;
  }

  stop(): void {
    this.#stopped.abort();
    this.wake();
  }

  /** There is reason to believe that the service can be reached. */
  readonly wake = (): void => {
    for (const end of [...this.#pauses]) end();
  };

  /** The connection is gone, as the browser says or a request has found, before the stream has. */
  readonly interrupt = (): void => {
    this.#of.connection = "lost";
    this.#stream.abort();
  };

  /** Follows until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    let retryMs = FIRST_RETRY_MS;
    const onopen = () => {
      retryMs = FIRST_RETRY_MS;
      this.#of.connection = "live";
      this.#of.opened();
    };
    while (!signal.aborted) {
      try {
        await this.#followOnce(onopen);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) this.#of.signedOut();
      }
      if (signal.aborted) return;
      this.#of.connection = "lost";
      await this.pause(retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Waits, unless it is woken. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  /** Has a task read, together with others that change now. */
  gather(id: string): void {
    this.#changed.add(id);
    this.#read();
  }

  async #followOnce(onopen: () => void): Promise<void> {
    // What was heard and not read is told again.
    await this.#reading;
    this.#changed.clear();
    this.#hasOthers = false;
    this.#stream = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, this.#stream.signal]);
    await this.#begin();
    for await (const event of this.#connect(this.#of.position ?? 0, signal, onopen)) {
      await this.#heard(event);
    }
  }

  async #begin(): Promise<void> {
    if (this.#of.position === null) this.#of.position = await this.#of.readAll();
    else await this.#of.refresh();
    this.#heardUpTo = this.#of.position;
  }

  async #heard(event: ServerEvent): Promise<void> {
    const type = event.event ?? "message";
    const data = JSON.parse(event.data) as Record<string, unknown>;
    if (type === "reset") {
      this.#of.position = await this.#of.readAll();
      this.#heardUpTo = this.#of.position;
      return;
    }
    this.#note(type, data);
    if (event.id) this.#heardUpTo = Number(event.id);
    // With nothing to read, everything up to here is in.
    if (this.#reading === null) this.#passOn(this.#heardUpTo);
    this.#of.heard(type, data);
  }

  #note(type: string, data: Record<string, unknown>): void {
    const id = typeof data["task_id"] === "string" ? data["task_id"] : null;
    if (type.startsWith("list-")) {
      this.#hasOthers = true;
      this.#read();
    } else if (id === null) return;
    else if (type === "task-deleted") this.#of.remove(id);
    else if (type.startsWith("task-")) {
      const { version } = data;
      if (typeof version !== "number" || !this.#of.isKnown(id, version)) this.gather(id);
      // What was put off or dismissed is in the task; what stands for later is not.
    } else if (type.startsWith("reminder-") && type !== "reminder-scheduled") this.gather(id);
  }

  #read(): void {
    this.#reading ??= this.#readGathered().finally(() => {
      this.#reading = null;
      if (this.#changed.size > 0 || this.#hasOthers) this.#read();
    });
  }

  async #readGathered(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const [ids, hasOthers, upTo] = [[...this.#changed], this.#hasOthers, this.#heardUpTo];
    this.#changed.clear();
    this.#hasOthers = false;
    try {
      if (ids.length >= MANY_TASKS) {
        this.#passOn(await this.#of.readAll());
        return;
      }
      if (hasOthers) await this.#of.refresh();
      await this.#of.readTasks(ids);
      this.#passOn(upTo);
    } catch {
      // From the position on it is all told again.
      this.interrupt();
    }
  }

  #passOn(position: number): void {
    if (position <= (this.#of.position ?? 0)) return;
    this.#of.position = position;
    this.#of.keep();
  }
}
