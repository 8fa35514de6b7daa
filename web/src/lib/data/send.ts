/** Sends a command to the service. */
import { api, body, type NewTask, type Task } from "../api/client";
import type { Command, Queued } from "./commands";

/** What came of it: the tasks after; of those that are gone only their ids. */
export interface Taken {
  tasks: Task[];
  gone: string[];
}

export async function send({ key, command }: Queued): Promise<Taken> {
  if (command.kind === "bulk") return sendBulk(command);
  if (command.kind === "delete") {
    await body(api.DELETE("/api/v1/tasks/{task_id}", { params: pathOf(command.id) }));
    return { tasks: [], gone: [command.id] };
  }
  return { tasks: [await sendOne(key, command)], gone: [] };
}

type One = Exclude<Command, { kind: "bulk" | "delete" }>;

function pathOf(task_id: string) {
  return { path: { task_id } };
}

async function sendOne(key: string, command: One): Promise<Task> {
  switch (command.kind) {
    case "add":
      return add(key, command.task);
    case "phrase":
      return add(key, await understood(command));
    case "patch":
      return body(
        api.PATCH("/api/v1/tasks/{task_id}", {
          params: { ...pathOf(command.id), header: { "If-Match": `"${command.version}"` } },
          body: command.patch,
        }),
      );
    case "complete":
      return body(
        api.POST("/api/v1/tasks/{task_id}/complete", {
          params: pathOf(command.id),
          body: command.occurrence ? { occurrence: command.occurrence } : {},
        }),
      );
    case "reopen":
      return body(
        api.POST("/api/v1/tasks/{task_id}/reopen", {
          params: pathOf(command.id),
          body: command.occurrence ? { occurrence: command.occurrence } : {},
        }),
      );
    case "skip":
      return body(
        api.POST("/api/v1/tasks/{task_id}/skip", {
          params: pathOf(command.id),
          body: { occurrence: command.occurrence },
        }),
      );
    case "put":
      return body(
        api.POST("/api/v1/tasks/{task_id}/move", {
          params: pathOf(command.id),
          body: command.beside,
        }),
      );
    case "restore":
      return body(api.POST("/api/v1/tasks/{task_id}/restore", { params: pathOf(command.id) }));
    case "snooze":
      return body(
        api.POST("/api/v1/reminders/{reminder_id}/snooze", {
          params: { path: { reminder_id: command.reminder_id } },
          body: command.request,
        }),
      );
  }
}

function add(key: string, task: NewTask): Promise<Task> {
  return body(
    api.POST("/api/v1/tasks", { params: { header: { "Idempotency-Key": key } }, body: task }),
  );
}

/** The task that was meant at the time when it was typed. */
async function understood(command: Extract<Command, { kind: "phrase" }>): Promise<NewTask> {
  const phrase = await body(
    api.POST("/api/v1/parse", { body: { text: command.text, now: command.now } }),
  );
  if (phrase.intent !== "add" || !phrase.title || phrase.further_commands > 0) return command.task;
  const { title, due_date, recurrence, reminders, priority, tags } = phrase;
  return {
    ...command.task,
    title,
    due_date,
    recurrence,
    tags,
    ...(priority ? { priority } : {}),
    ...(reminders.length > 0 ? { reminders } : {}),
  };
}

async function sendBulk(command: Extract<Command, { kind: "bulk" }>): Promise<Taken> {
  const { items } = await body(api.POST("/api/v1/tasks/bulk", { body: command.request }));
  if (command.request.action === "delete") {
    return { tasks: [], gone: command.request.tasks.map(({ id }) => id) };
  }
  return { tasks: items, gone: [] };
}
