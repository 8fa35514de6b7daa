/** What a person does to tasks by a click or a key, each with its notice and, where it can be, its way back. */
import type { Schemas, Task, TaskPatch } from "./api/client";
import { backOf, requestsOf, type Act } from "./data/bulk";
import { putBack, type Put } from "./data/order";
import { notices, type NoticeAction } from "./notices.svelte";
import { replica } from "./session.svelte";
import { isDay, toInstant, toLocal, type Day, type DueDate } from "./time";
import { strings } from "../strings";

function undo(run: () => void): NoticeAction[] {
  return [{ label: strings.undo, run }];
}

export function complete(task: Task): void {
  const { id, occurrence } = task;
  void replica().run({ kind: "complete", id, occurrence });
  notices.say(
    strings.completed(task.title),
    undo(() => goBackTo(id, occurrence)),
  );
}

export function reopen({ id }: Task): void {
  goBackTo(id, null);
}

/** Reopens a task; of a series, at the occurrence that it stood at. */
function goBackTo(id: string, occurrence: string | null): void {
  void replica().run({ kind: "reopen", id, occurrence });
}

export function toggle(task: Task): void {
  if (task.status === "DONE") reopen(task);
  else complete(task);
}

export function remove(task: Task): void {
  const { id } = task;
  void replica().run({ kind: "delete", id });
  notices.say(
    strings.deleted(task.title),
    undo(() => void replica().run({ kind: "restore", id })),
  );
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

/** Moves tasks to another day, each at its own time, or to none. */
export function reschedule(tasks: readonly Task[], day: Day | null, where: string): void {
  // Of a series it would end it.
  const moved = day === null ? tasks.filter(({ recurrence }) => recurrence === null) : tasks;
  for (const task of moved) patch(task, { due_date: day === null ? null : onDay(task, day) });
  const [first] = moved;
  notices.say(
    first && moved.length === 1
      ? strings.movedTo(first.title, where)
      : strings.changedMany(moved.length),
    moved.length > 0 ? undo(() => dueAgain(moved)) : [],
  );
}

/** Makes tasks due again when they were. */
function dueAgain(tasks: readonly Task[]): void {
  for (const { id, due_date } of tasks) {
    const now = replica().tasks.get(id);
    if (now) patch(now, { due_date });
  }
}

export function skip(task: Task): void {
  const { id, occurrence } = task;
  if (!occurrence) return;
  void replica().run({ kind: "skip", id, occurrence });
  notices.say(
    strings.skipped(task.title),
    undo(() => goBackTo(id, occurrence)),
  );
}

/** Puts tasks elsewhere in the order of their list by hand. `shown` is how they stand. */
export function put(shown: readonly string[], puts: readonly Put[]): void {
  const back = putBack(shown, puts);
  const run = (some: readonly Put[]) => {
    for (const one of some) void replica().run({ kind: "put", ...one });
  };
  run(puts);
  if (puts.length > 0)
    notices.say(
      strings.put(puts.length),
      undo(() => run(back)),
    );
}

/** Does the same to many. */
export function bulk(tasks: readonly Task[], act: Act): void {
  const back = backOf(tasks, act);
  ask(requestsOf(tasks, act));
  const told = act.action === "delete" ? strings.deletedMany : strings.changedMany;
  notices.say(
    told(tasks.length),
    undo(() => ask(back)),
  );
}

function ask(requests: readonly Schemas["BulkAction"][]): void {
  for (const request of requests) void replica().run({ kind: "bulk", request });
}
