import { expect, test } from "vitest";
import type { Task } from "../api/client";
import { BULK_TASKS, backOf, requestsOf, type Act } from "./bulk";

function task(id: string, list_id = "inbox", occurrence: string | null = null): Task {
  return { id, list_id, occurrence } as Task;
}

test("many are asked for in as few requests as it takes", () => {
  const tasks = Array.from({ length: 2 * BULK_TASKS + 1 }, (_, n) => task(String(n)));
  const requests = requestsOf(tasks, { action: "delete" });
  expect(requests.map((request) => request.tasks.length)).toEqual([BULK_TASKS, BULK_TASKS, 1]);
  expect(requests.flatMap((request) => request.tasks.map(({ id }) => id))).toEqual(
    tasks.map(({ id }) => id),
  );
  expect(requestsOf([], { action: "delete" })).toEqual([]);
});

test("of a series the occurrence is named that is done, and gone back to", () => {
  const tasks = [task("a"), task("b", "inbox", "2026-11-28T09:00:00")];
  const named = [{ id: "a" }, { id: "b", occurrence: "2026-11-28T09:00:00" }];
  const act: Act = { action: "complete" };
  expect(requestsOf(tasks, act)).toEqual([{ action: "complete", tasks: named }]);
  expect(backOf(tasks, act)).toEqual([{ action: "reopen", tasks: named }]);
  expect(requestsOf(tasks, { action: "delete" })[0]?.tasks).toEqual([{ id: "a" }, { id: "b" }]);
});

test("what was moved goes back to the list of each, and what was there stays", () => {
  const tasks = [task("a", "garden"), task("b", "work"), task("c", "garden"), task("d", "home")];
  expect(backOf(tasks, { action: "move", list_id: "home" })).toEqual([
    { action: "move", list_id: "garden", tasks: [{ id: "a" }, { id: "c" }] },
    { action: "move", list_id: "work", tasks: [{ id: "b" }] },
  ]);
});

test("what was deleted is restored", () => {
  expect(backOf([task("a")], { action: "delete" })).toEqual([
    { action: "restore", tasks: [{ id: "a" }] },
  ]);
});
