import { expect, test } from "vitest";
import type { Task } from "../api/client";
import {
  conflictOf,
  names,
  renamed,
  taskIdsOf,
  withCommands,
  type Command,
  type Queued,
} from "./commands";

const ZONE = "Europe/Berlin";

function task(id: string, more: Partial<Task> = {}): Task {
  return {
    id,
    title: id,
    status: "TODO",
    priority: "MEDIUM",
    due_date: null,
    recurrence: null,
    completed_at: null,
    tags: ["home"],
    list_id: "inbox",
    version: 7,
    ...more,
  } as Task;
}

/** What is shown of these tasks with these commands under way. */
function shown(tasks: Task[], ...commands: Command[]): Task[] {
  const before = new Map(tasks.map((one) => [one.id, one]));
  const untouched = structuredClone(before);
  const queued: Queued[] = commands.map((command, seq) => ({ seq, key: `key ${seq}`, command }));
  const after = withCommands(before, queued, ZONE);
  expect(before, "what the service said stays as it is").toEqual(untouched);
  return [...after.values()];
}

function patch(patch: Extract<Command, { kind: "patch" }>["patch"], before: Partial<Task> = {}) {
  return { kind: "patch" as const, id: "a", version: 7, patch, before };
}

test("without commands, it is what the service said", () => {
  const tasks = new Map([["a", task("a")]]);
  expect(withCommands(tasks, [], ZONE)).toBe(tasks);
});

test("an addition shows at once, with what the service would fill in", () => {
  const add: Command = {
    kind: "add",
    id: "new",
    task: { title: "Milk", subtasks: [{ title: "1" }] },
  };
  const [made] = shown([], add);
  expect(made).toMatchObject({
    id: "new",
    title: "Milk",
    priority: "MEDIUM",
    status: "TODO",
    due_date: null,
    time_zone: ZONE,
    tags: [],
    version: 0,
  });
  expect(made?.subtasks).toEqual([{ id: expect.any(String), title: "1", done: false }]);
  const phrase: Command = {
    kind: "phrase",
    id: "said",
    text: "Milk tomorrow",
    now: "2026-11-28T11:00:00Z",
    task: { title: "Milk tomorrow", time_zone: "UTC", due_date: "2026-11-29" },
  };
  expect(shown([], phrase)[0]).toMatchObject({ time_zone: "UTC", due_date: "2026-11-29" });
});

test("each command shows what it will have done", () => {
  const done = task("a", { status: "DONE", completed_at: "2026-11-28T11:00:00Z" });
  const one = (id: string, command: Command, of = task(id)) => shown([of], command)[0];
  expect(one("a", { kind: "complete", id: "a", occurrence: null })?.status).toBe("DONE");
  expect(one("a", { kind: "reopen", id: "a", occurrence: null }, done)).toMatchObject({
    status: "TODO",
    completed_at: null,
  });
  expect(one("a", { kind: "delete", id: "a" })).toBeUndefined();
  expect(one("a", patch({ title: "Other", tags: null }))).toMatchObject({
    title: "Other",
    tags: [],
    priority: "MEDIUM",
  });
});

test("of a series the service alone says what comes next", () => {
  const recurrence = { rrule: "FREQ=DAILY", dtstart: "2026-11-28", time_zone: ZONE };
  const series = task("a", {
    recurrence: recurrence as Task["recurrence"],
    occurrence: "2026-11-28",
  });
  for (const kind of ["complete", "skip", "reopen"] as const) {
    expect(shown([series], { kind, id: "a", occurrence: "2026-11-28" })).toEqual([series]);
  }
});

test("the same is done to many, and those that are gone are passed over", () => {
  const tasks = ["a", "b", "gone"].map((id) => ({ id }));
  const all = [task("a"), task("b"), task("c")];
  const statuses = (action: "complete" | "reopen") =>
    shown(all, { kind: "bulk", request: { action, tasks } }).map(({ id, status }) => [id, status]);
  expect(statuses("complete")).toEqual([
    ["a", "DONE"],
    ["b", "DONE"],
    ["c", "TODO"],
  ]);
  const moved = shown(all, { kind: "bulk", request: { action: "move", list_id: "work", tasks } });
  expect(moved.map(({ list_id }) => list_id)).toEqual(["work", "work", "inbox"]);
  const left = shown(all, { kind: "bulk", request: { action: "delete", tasks } });
  expect(left.map(({ id }) => id)).toEqual(["c"]);
});

test("a task that is put beside another one stands there at once", () => {
  const all = [task("a", { position: "80" }), task("b", { position: "81" }), task("c")];
  const byHand = (...puts: Extract<Command, { kind: "put" }>["beside"][]) =>
    shown(all, ...puts.map((beside) => ({ kind: "put" as const, id: "c", beside })))
      .toSorted((one, other) => (one.position! < other.position! ? -1 : 1))
      .map(({ id }) => id);
  expect(byHand({ after: "a" })).toEqual(["a", "c", "b"]);
  expect(byHand({ before: "a" })).toEqual(["c", "a", "b"]);
  expect(byHand({ before: "a" }, { after: "b" })).toEqual(["a", "b", "c"]);
});

test("commands show in their order", () => {
  const commands: Command[] = [
    { kind: "add", id: "a", task: { title: "Draft" } },
    patch({ title: "Fair copy" }),
    { kind: "complete", id: "a", occurrence: null },
    patch({ priority: "HIGH" }),
  ];
  expect(shown([], ...commands)).toMatchObject([
    { id: "a", title: "Fair copy", status: "DONE", priority: "HIGH" },
  ]);
});

test("what waits behind an addition is about the task that the service has made", () => {
  const made = task("made", { version: 9 });
  const bulk: Command = {
    kind: "bulk",
    request: { action: "complete", tasks: [{ id: "b" }, { id: "a" }] },
  };
  const commands: Command[] = [
    patch({ title: "x" }),
    { kind: "complete", id: "a", occurrence: null },
    bulk,
  ];
  const after = commands.map((command) => renamed(command, "a", made));
  expect(after.map(taskIdsOf)).toEqual([["made"], ["made"], ["b", "made"]]);
  const behind: Command = { kind: "put", id: "b", beside: { after: "a" } };
  expect([names(behind, "a"), names(behind, "b"), names(behind, "c")]).toEqual([true, true, false]);
  expect(renamed(behind, "a", made)).toEqual({ ...behind, beside: { after: "made" } });
  expect(after[0]).toMatchObject({ version: 9 });
  expect(taskIdsOf(bulk)).toEqual(["b", "a"]);
});

test("a patch collides with what others made of the same fields, and with nothing else", () => {
  const mine = patch({ title: "Mine", priority: "HIGH" }, { title: "Old", priority: "MEDIUM" });
  expect(conflictOf(mine, task("a", { title: "Theirs" }))).toMatchObject({ fields: ["title"] });
  expect(conflictOf(mine, task("a", { title: "Old", priority: "LOW" }))?.fields).toEqual([
    "priority",
  ]);
  // Others wrote elsewhere, or the very same.
  expect(conflictOf(mine, task("a", { title: "Old", tags: ["work"] }))).toBe(null);
  expect(conflictOf(mine, task("a", { title: "Mine" }))).toBe(null);
});
