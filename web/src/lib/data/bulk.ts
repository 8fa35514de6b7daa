/** The same done to many tasks, and taken back again. Pure. */
import type { Schemas, Task } from "../api/client";

/** The most tasks of one request, as the service has it. */
export const BULK_TASKS = 200;

/** What the page does to many. */
export type Act = { action: "complete" | "delete" } | { action: "move"; list_id: string };
type Back = { action: "reopen" | "restore" };

type Request = Schemas["BulkAction"];

/** What is asked of the service, in as few requests as it takes. */
export function requestsOf(tasks: readonly Task[], act: Act | Back): Request[] {
  const namesOccurrence = act.action === "complete" || act.action === "reopen";
  const named = tasks.map(({ id, occurrence }) => ({
    id,
    ...(namesOccurrence && occurrence ? { occurrence } : {}),
  }));
  const requests: Request[] = [];
  for (let at = 0; at < named.length; at += BULK_TASKS) {
    requests.push({ ...act, tasks: named.slice(at, at + BULK_TASKS) } as Request);
  }
  return requests;
}

/** What takes it back. The tasks are as they were before. */
export function backOf(tasks: readonly Task[], act: Act): Request[] {
  switch (act.action) {
    case "complete":
      return requestsOf(tasks, { action: "reopen" });
    case "delete":
      return requestsOf(tasks, { action: "restore" });
    case "move": {
      const lists = new Set(tasks.map(({ list_id }) => list_id));
      return [...lists].flatMap((list_id) => {
        if (list_id === null || list_id === act.list_id) return [];
        const some = tasks.filter((task) => task.list_id === list_id);
        return requestsOf(some, { action: "move", list_id });
      });
    }
  }
}
