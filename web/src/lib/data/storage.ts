/** What the browser keeps, so that the page opens without the service and nothing typed is lost: one person's data. */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Account, List, Settings, Task } from "../api/client";
import type { Command, Queued } from "./commands";

const NAME = "tasks";
const VERSION = 1;

/** What belongs together in time. */
export interface Meta {
  account: Account;
  settings: Settings | null;
  lists: List[];
  /** How far in the person's feed the tasks are. */
  position: number | null;
}

interface Stores extends DBSchema {
  tasks: { key: string; value: Task };
  meta: { key: "meta"; value: Meta };
  queue: { key: number; value: { seq?: number; key: string; command: Command } };
}

export class Storage {
  readonly #db: IDBPDatabase<Stores>;

  private constructor(db: IDBPDatabase<Stores>) {
    this.#db = db;
  }

  static async open(): Promise<Storage> {
    const db = await openDB<Stores>(NAME, VERSION, {
      upgrade(db) {
        db.createObjectStore("tasks", { keyPath: "id" });
        db.createObjectStore("meta");
        db.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
      },
    });
    return new Storage(db);
  }

  meta(): Promise<Meta | undefined> {
    return this.#db.get("meta", "meta");
  }

  tasks(): Promise<Task[]> {
    return this.#db.getAll("tasks");
  }

  /** Keeps these tasks and forgets those, with what they belong to, in one transaction. */
  async keep(meta: Meta, changed: readonly Task[], gone: readonly string[]): Promise<void> {
    const tx = this.#db.transaction(["tasks", "meta"], "readwrite");
    const tasks = tx.objectStore("tasks");
    for (const task of changed) void tasks.put(task);
    for (const id of gone) void tasks.delete(id);
    void tx.objectStore("meta").put(meta, "meta");
    await tx.done;
  }

  /** Keeps these tasks and no others. */
  async keepAll(meta: Meta, all: readonly Task[]): Promise<void> {
    const tx = this.#db.transaction(["tasks", "meta"], "readwrite");
    const tasks = tx.objectStore("tasks");
    void tasks.clear();
    for (const task of all) void tasks.put(task);
    void tx.objectStore("meta").put(meta, "meta");
    await tx.done;
  }

  async queue(): Promise<Queued[]> {
    return (await this.#db.getAll("queue")) as Queued[];
  }

  async enqueue(key: string, command: Command): Promise<Queued> {
    const seq = await this.#db.add("queue", { key, command });
    return { seq, key, command };
  }

  /** A command as it is to be sent now: what it is about has another id or version. */
  async requeue(queued: Queued): Promise<void> {
    await this.#db.put("queue", queued);
  }

  async dequeue(seq: number): Promise<void> {
    await this.#db.delete("queue", seq);
  }

  /** Forgets everything: somebody else may sit here next. */
  async clear(): Promise<void> {
    const tx = this.#db.transaction(["tasks", "meta", "queue"], "readwrite");
    void tx.objectStore("tasks").clear();
    void tx.objectStore("meta").clear();
    void tx.objectStore("queue").clear();
    await tx.done;
  }
}
