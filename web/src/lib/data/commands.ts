/**
 * What somebody does to tasks: kept until the service has taken it, and shown meanwhile as if it had. Pure; a command
 * can be written to the browser's database and read again.
 */
import type { NewTask, Schemas, Task, TaskPatch } from "../api/client";
import { neighbourOf, positionBeside, type Put } from "./order";

export type Command =
  | { kind: "add"; id: string; task: NewTask }
  /** What was typed while nobody could say what it means; `now` is when. */
  | { kind: "phrase"; id: string; text: string; now: string; task: NewTask }
  /** `before` has what the fields were that it changes, as the person saw them. */
  | { kind: "patch"; id: string; version: number; patch: TaskPatch; before: Partial<Task> }
  | { kind: "complete"; id: string; occurrence: string | null }
  /** Of a series, at the occurrence that was done or skipped. */
  | { kind: "reopen"; id: string; occurrence: string | null }
  | { kind: "skip"; id: string; occurrence: string }
  /** Another place in the order of its list by hand. */
  | ({ kind: "put" } & Put)
  | { kind: "delete"; id: string }
  | { kind: "restore"; id: string }
  | { kind: "snooze"; id: string; reminder_id: string; request: Schemas["SnoozeRequest"] }
  | { kind: "bulk"; request: Schemas["BulkAction"] };

/** A command in its queue. */
export interface Queued {
  /** Its place. */
  seq: number;
  /** The `Idempotency-Key`. */
  key: string;
  command: Command;
}

export type Tasks = ReadonlyMap<string, Task>;

/** The tasks that a command changes. */
export function taskIdsOf(command: Command): string[] {
  return command.kind === "bulk" ? command.request.tasks.map(({ id }) => id) : [command.id];
}

/** Whether a command names a task, to change it or only to stand beside it. */
export function names(command: Command, id: string): boolean {
  if (command.kind === "put" && neighbourOf(command.beside) === id) return true;
  return taskIdsOf(command).includes(id);
}

/** The tasks as they will be when all of these are taken. */
export function withCommands(tasks: Tasks, queued: readonly Queued[], timeZone: string): Tasks {
  if (queued.length === 0) return tasks;
  const after = new Map(tasks);
  for (const { command } of queued) apply(after, command, timeZone);
  return after;
}

function apply(tasks: Map<string, Task>, command: Command, timeZone: string): void {
  if (command.kind === "add" || command.kind === "phrase") {
    tasks.set(command.id, taskToBe(command.id, command.task, timeZone));
    return;
  }
  for (const id of taskIdsOf(command)) {
    const task = tasks.get(id);
    const after = task && changed(task, command, tasks);
    if (after) tasks.set(id, after);
    else tasks.delete(id);
  }
}

/** A task after a command; null where it is gone then. */
function changed(task: Task, command: Command, tasks: Tasks): Task | null {
  switch (command.kind === "bulk" ? command.request.action : command.kind) {
    case "complete":
      // The next occurrence is the service's to say.
      return task.recurrence ? task : { ...task, status: "DONE" };
    case "reopen":
      return { ...task, status: "TODO", completed_at: null };
    case "delete":
      return null;
  }
  if (command.kind === "patch") return patched(task, command.patch);
  if (command.kind === "put") {
    const other = tasks.get(neighbourOf(command.beside));
    return { ...task, position: positionBeside(other?.position ?? null, command.beside) };
  }
  if (command.kind === "bulk" && command.request.action === "move") {
    return { ...task, list_id: command.request.list_id };
  }
  return task;
}

/** A task with a merge patch. */
function patched(task: Task, patch: TaskPatch): Task {
  const after: Record<string, unknown> = { ...task };
  for (const [field, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    after[field] = value === null && Array.isArray(task[field as keyof Task]) ? [] : value;
  }
  return after as unknown as Task;
}

/** A task before the service has made it: its id is its command's. */
function taskToBe(id: string, task: NewTask, timeZone: string): Task {
  const now = new Date().toISOString();
  return {
    id,
    title: task.title,
    description: task.description ?? null,
    priority: task.priority ?? "MEDIUM",
    status: "TODO",
    due_date: task.due_date ?? null,
    recurrence: task.recurrence ?? null,
    occurrence: null,
    time_zone: task.time_zone ?? timeZone,
    reminders: task.reminders ?? [],
    snoozes: [],
    dismissed: [],
    tags: task.tags ?? [],
    subtasks: (task.subtasks ?? []).map((step) => ({
      id: step.id ?? crypto.randomUUID(),
      title: step.title,
      done: step.done ?? false,
    })),
    list_id: task.list_id ?? null,
    position: null,
    version: 0,
    created_at: now,
    updated_at: now,
    completed_at: null,
    delivery_problem: null,
  };
}

/** A command about a task that had no id of the service's yet, about the one that the service has made. */
export function renamed(command: Command, id: string, made: Task): Command {
  if (command.kind === "bulk") {
    const name = (one: { id: string }) => (one.id === id ? { ...one, id: made.id } : one);
    const tasks = command.request.tasks.map(name);
    return { ...command, request: { ...command.request, tasks } };
  }
  if (command.kind === "patch") return { ...command, id: made.id, version: made.version };
  if (command.kind === "put") {
    const name = (other: string) => (other === id ? made.id : other);
    const { beside } = command;
    const renamed =
      "after" in beside ? { after: name(beside.after) } : { before: name(beside.before) };
    return { ...command, id: name(command.id), beside: renamed };
  }
  return { ...command, id: made.id };
}

/** What two people, or one in two windows, made of the same fields. */
export interface Conflict {
  task: Task;
  command: Extract<Command, { kind: "patch" }>;
  /** The fields that both have changed. */
  fields: (keyof TaskPatch & keyof Task)[];
}

/**
 * What a patch that came too late would overwrite: fields that are neither what the person saw nor what they wanted.
 * None: it can be sent again upon the newer version.
 */
export function conflictOf(
  command: Extract<Command, { kind: "patch" }>,
  current: Task,
): Conflict | null {
  const fields = (Object.keys(command.patch) as Conflict["fields"]).filter((field) => {
    const now = JSON.stringify(current[field] ?? null);
    const seen = JSON.stringify(command.before[field] ?? null);
    const wanted = JSON.stringify(command.patch[field] ?? null);
    return now !== seen && now !== wanted;
  });
  return fields.length > 0 ? { task: current, command, fields } : null;
}
