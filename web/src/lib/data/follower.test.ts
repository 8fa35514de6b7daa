import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerEvent } from "../api/events";
import { Follower, type Followed } from "./follower";

/** A stream that is fed by hand. */
class Feed {
  readonly after: number[] = [];
  #wake = () => {};
  #events: ServerEvent[] = [];
  #isCut = false;

  push(id: number, event: string, data: object = {}): void {
    this.#events.push({ id: String(id), event, data: JSON.stringify(data) } as ServerEvent);
    this.#wake();
  }

  cut(): void {
    this.#isCut = true;
    this.#wake();
  }

  connect = async function* (
    this: Feed,
    after: number,
    signal: AbortSignal,
    onopen: () => void,
  ): AsyncGenerator<ServerEvent> {
    this.after.push(after);
    this.#isCut = false;
    onopen();
    signal.addEventListener("abort", () => this.cut());
    while (!this.#isCut) {
      const next = this.#events.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }.bind(this);
}

class Held implements Followed {
  position: number | null = 10;
  connection: Followed["connection"] = "connecting";
  kept: (number | null)[] = [];
  read: string[][] = [];
  all = 0;
  refreshed = 0;
  told: string[] = [];
  answer: () => Promise<void> = async () => {};

  async readAll() {
    this.all += 1;
    return 100;
  }
  async readTasks(ids: readonly string[]) {
    this.read.push([...ids]);
    await this.answer();
  }
  async refresh() {
    this.refreshed += 1;
  }
  isKnown = (_id: string, version: number) => version <= 5;
  remove = () => {};
  keep() {
    this.kept.push(this.position);
  }
  heard(type: string) {
    this.told.push(type);
  }
  opened = () => {};
  signedOut = () => {};
}

let held: Held;
let feed: Feed;
let follower: Follower;

beforeEach(() => {
  vi.useFakeTimers();
  held = new Held();
  feed = new Feed();
  follower = new Follower(held, feed.connect);
});

afterEach(() => {
  follower.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(100);

test("a position is passed on when what it tells of is read, and not before", async () => {
  let answered = () => {};
  held.answer = () => new Promise((resolve) => (answered = resolve));
  void follower.run();
  await settle();
  feed.push(11, "task-updated", { task_id: "a", version: 6 });
  await settle();
  expect(held.read).toEqual([["a"]]);
  expect(held.position).toBe(10);
  feed.push(12, "task-updated", { task_id: "b", version: 6 });
  await settle();
  expect(held.position).toBe(10);
  answered();
  await settle();
  // What came meanwhile is being read.
  expect(held.position).toBe(11);
  answered();
  await settle();
  expect(held.position).toBe(12);
  expect(held.kept.at(-1)).toBe(12);
});

test("where a reading fails, the stream begins again from what is in", async () => {
  held.answer = () => Promise.reject(new Error("gone"));
  void follower.run();
  await settle();
  feed.push(11, "task-updated", { task_id: "a", version: 6 });
  await settle();
  expect(held.connection).toBe("lost");
  held.answer = async () => {};
  await vi.advanceTimersByTimeAsync(1_000);
  expect(feed.after).toEqual([10, 10]);
  feed.push(11, "task-updated", { task_id: "a", version: 6 });
  await settle();
  expect(held.read).toEqual([["a"], ["a"]]);
  expect(held.position).toBe(11);
});

test("one's own change that is known already is not read again", async () => {
  void follower.run();
  await settle();
  feed.push(11, "task-updated", { task_id: "a", version: 5 });
  feed.push(12, "reminder-scheduled", { task_id: "a" });
  await settle();
  expect(held.read).toEqual([]);
  expect(held.position).toBe(12);
  expect(held.told).toEqual(["task-updated", "reminder-scheduled"]);
});

test("many changes are one reading of everything, and a reset is too", async () => {
  void follower.run();
  await settle();
  for (let number = 0; number < 60; number += 1) {
    feed.push(11 + number, "task-updated", { task_id: `task ${number}`, version: 6 });
  }
  await settle();
  expect([held.all, held.read]).toEqual([1, []]);
  expect(held.position).toBe(100);
  feed.push(0, "reset", { position: 7 });
  await settle();
  expect(held.all).toBe(2);
});

test("a connection that ends begins again where it was, ever more slowly until it is woken", async () => {
  void follower.run();
  await settle();
  feed.push(11, "task-deleted", { task_id: "a" });
  await settle();
  feed.cut();
  await settle();
  expect(held.connection).toBe("lost");
  follower.wake();
  await settle();
  expect(feed.after).toEqual([10, 11]);
  expect(held.connection).toBe("live");
});
