/** What a person does to tasks by a click or a key, each with its notice and, where it can be, its way back. */
import type { Schemas, Task, TaskPatch } from "./api/client";
import { notices } from "./notices.svelte";
import { replica } from "./session.svelte";
import { isDay, toInstant, toLocal, type Day, type DueDate } from "./time";
import { strings } from "../strings";

/** The most tasks of one request. */
const BULK_TASKS = 200;

export function complete(task: Task): void {
  void replica().run({ kind: "complete", id: task.id, occurrence: task.occurrence });
  // Of a series the service knows which occurrence it was; the conversation takes that back.
  const back = { label: strings.undo, run: () => reopen(task) };
  notices.say(strings.completed(task.title), task.recurrence ? [] : [back]);
}

export function reopen(task: Task): void {
  void replica().run({ kind: "reopen", id: task.id });
}

export function toggle(task: Task): void {
  if (task.status === "DONE") reopen(task);
  else complete(task);
}

export function remove(tasks: readonly Task[]): void {
  for (const { id } of tasks) void replica().run({ kind: "delete", id });
  const [first] = tasks;
  if (!first) return;
  const text =
    tasks.length === 1 ? strings.deleted(first.title) : strings.deletedMany(tasks.length);
  const restore = () => {
    for (const { id } of tasks) void replica().run({ kind: "restore", id });
  };
  notices.say(text, [{ label: strings.undo, run: restore }]);
}

/** Changes fields; what the person saw goes along, so that nobody's change is overwritten. */
export function patch(task: Task, changes: TaskPatch): void {
  const fields = Object.keys(changes) as (keyof Task)[];
  const before = Object.fromEntries(fields.map((field) => [field, task[field]]));
  void replica().run({
    kind: "patch",
    id: task.id,
    version: task.version,
    patch: changes,
    before,
  });
}

/** A task's due date on another day: at its time, where it has one. */
function onDay({ due_date, time_zone }: Task, day: Day): DueDate {
  if (due_date === null || isDay(due_date)) return day;
  return toInstant(day, toLocal(due_date, time_zone).time, time_zone);
}

/** Moves a task to another day, or to none. */
export function reschedule(task: Task, day: Day | null, told: string): void {
  const before = task.due_date;
  patch(task, { due_date: day === null ? null : onDay(task, day) });
  const back = () => {
    const now = replica().tasks.get(task.id);
    if (now) patch(now, { due_date: before });
  };
  notices.say(told, [{ label: strings.undo, run: back }]);
}

export function skip(task: Task): void {
  if (!task.occurrence) return;
  void replica().run({ kind: "skip", id: task.id, occurrence: task.occurrence });
  notices.say(strings.skipped(task.title));
}

/** Moves many, each at its own time. */
export function rescheduleAll(tasks: readonly Task[], day: Day | null): void {
  // Of a series it would end it.
  const movable = day === null ? tasks.filter(({ recurrence }) => recurrence === null) : tasks;
  for (const task of movable) patch(task, { due_date: day === null ? null : onDay(task, day) });
  notices.say(strings.changedMany(movable.length));
}

type Bulk = { action: "complete" | "reopen" | "delete" } | { action: "move"; list_id: string };

/** The same for many. */
export function bulk(tasks: readonly Task[], act: Bulk): void {
  for (let at = 0; at < tasks.length; at += BULK_TASKS) {
    const named = tasks.slice(at, at + BULK_TASKS).map((task) => ({
      id: task.id,
      ...(act.action === "complete" && task.occurrence ? { occurrence: task.occurrence } : {}),
    }));
    const request = { ...act, tasks: named } as Schemas["BulkAction"];
    void replica().run({ kind: "bulk", request });
  }
  const restore = () => {
    for (const { id } of tasks) void replica().run({ kind: "restore", id });
  };
  const back = act.action === "delete" ? [{ label: strings.undo, run: restore }] : [];
  notices.say(strings.changedMany(tasks.length), back);
}
