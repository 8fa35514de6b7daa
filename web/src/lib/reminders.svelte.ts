/** Reminders that have come while the page is open, until somebody has seen to them. */
import { complete } from "./acts";
import type { Told } from "./data/replica.svelte";
import { replica, session } from "./session.svelte";
import { dueInWords } from "./time";
import { notifyHere } from "./worker.svelte";

export interface Come {
  id: string;
  taskId: string;
  title: string;
  dueDate: string | null;
  isLate: boolean;
}

/** The most that are shown at once; what is older is in the list all the same. */
const SHOWN_REMINDERS = 5;

class Reminders {
  come = $state.raw<Come[]>([]);

  constructor() {
    session.atEnd(() => (this.come = []));
  }

  hear(told: Told): void {
    if (told.kind !== "event") return;
    const { type, data } = told;
    if (type === "reminder-triggered") {
      const come: Come = {
        id: String(data["reminder_id"]),
        taskId: String(data["task_id"]),
        title: String(data["title"] ?? ""),
        dueDate: (data["due_date"] as string | null) ?? null,
        isLate: data["late"] === true,
      };
      notifyHere({
        task_id: come.taskId,
        reminder_id: come.id,
        title: come.title,
        triggered_at: String(data["triggered_at"]),
        due_date: come.dueDate,
        lines: come.dueDate ? [dueInWords(come.dueDate, replica().timeZone)] : [],
      });
      this.come = [come, ...this.come.filter(({ id }) => id !== come.id)].slice(0, SHOWN_REMINDERS);
    } else if (["task-completed", "task-deleted", "reminder-cancelled"].includes(type)) {
      const of = (come: Come) =>
        type === "reminder-cancelled"
          ? come.id === data["reminder_id"]
          : come.taskId === data["task_id"];
      this.come = this.come.filter((come) => !of(come));
    }
  }

  close(come: Come): void {
    this.come = this.come.filter((other) => other !== come);
  }

  done(come: Come): void {
    this.close(come);
    const task = replica().tasks.get(come.taskId);
    if (task) complete(task);
  }

  /** Puts it off by an ISO 8601 duration, or until tomorrow morning. */
  snooze(come: Come, request: { for: string } | { until: string }): void {
    this.close(come);
    void replica().run({ kind: "snooze", id: come.taskId, reminder_id: come.id, request });
  }
}

export const reminders = new Reminders();
