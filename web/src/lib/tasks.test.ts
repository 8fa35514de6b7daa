import { expect, test } from "vitest";
import type { Task } from "./api/client";
import { NO_FILTER, matching, sorted, tagCounts, todays, upcoming } from "./tasks";

const NOW = Date.parse("2026-11-28T11:00:00Z");
const ZONE = "Europe/Berlin";

function task(title: string, due_date: string | null, more: Partial<Task> = {}): Task {
  return {
    id: title,
    title,
    due_date,
    description: null,
    priority: "MEDIUM",
    status: "TODO",
    tags: [],
    recurrence: null,
    created_at: "2026-11-01T00:00:00Z",
    list_id: "inbox",
    ...more,
  } as Task;
}

const titles = (tasks: Task[]) => tasks.map(({ title }) => title);

test("today has what is overdue first, and each by its time", () => {
  const tasks = [
    task("tomorrow", "2026-11-29"),
    task("all day", "2026-11-28"),
    task("this evening", "2026-11-28T20:00:00Z"),
    task("an hour ago", "2026-11-28T10:00:00Z"),
    task("yesterday", "2026-11-27"),
    // It is still today in Berlin's night, and tomorrow in UTC.
    task("after midnight in UTC", "2026-11-28T22:59:00Z"),
    task("after midnight in Berlin", "2026-11-28T23:00:00Z"),
    task("done", "2026-11-28", { status: "DONE" }),
    task("some day", null),
  ];
  const groups = todays(tasks, ZONE, NOW, { overdue: "Overdue", today: "Today" });
  expect(groups.map((group) => [group.title, titles(group.tasks)])).toEqual([
    ["Overdue", ["yesterday", "an hour ago"]],
    ["Today", ["all day", "this evening", "after midnight in UTC"]],
  ]);
});

test("upcoming goes day by day in the person's zone", () => {
  const tasks = [
    task("night", "2026-11-28T23:00:00Z"),
    task("in a month", "2026-12-28"),
    task("today", "2026-11-28"),
  ];
  const groups = upcoming(tasks, ZONE, NOW, 2, (day) => day);
  expect(groups.map((group) => [group.day, titles(group.tasks)])).toEqual([
    ["2026-11-29", ["night"]],
    ["2026-11-30", []],
    ["2026-12-28", ["in a month"]],
  ]);
});

test("a search takes the beginnings of words without case and accents", () => {
  const tasks = [
    task("Call the Café", null, { tags: ["work"] }),
    task("buy coffee", null, { description: "for the café" }),
  ];
  const found = (text: string) => titles(matching(tasks, { ...NO_FILTER, text }, ZONE, NOW));
  expect(found("cafe")).toEqual(["Call the Café", "buy coffee"]);
  expect(found("caf CALL")).toEqual(["Call the Café"]);
  expect(found("all")).toEqual([]);
  expect(found("wor")).toEqual(["Call the Café"]);
});

test("filters go together, and sorts have an order for equals", () => {
  const tasks = [
    task("b", "2026-11-27", { priority: "LOW", tags: ["x"] }),
    task("a", "2026-11-29", { priority: "HIGH", tags: ["x", "y"] }),
    task("c10", null, { priority: "HIGH" }),
    task("c9", null, { priority: "HIGH", recurrence: {} as Task["recurrence"] }),
  ];
  const found = (filter: Partial<typeof NO_FILTER>) =>
    titles(matching(tasks, { ...NO_FILTER, ...filter }, ZONE, NOW));
  expect(found({ tag: "x", priority: "HIGH" })).toEqual(["a"]);
  expect(found({ due: "overdue" })).toEqual(["b"]);
  expect(found({ due: "undated" })).toEqual(["c10", "c9"]);
  expect(found({ due: "recurring" })).toEqual(["c9"]);
  expect(titles(sorted([...tasks], "title", ZONE))).toEqual(["a", "b", "c9", "c10"]);
  expect(titles(sorted([...tasks], "priority", ZONE))[0]).toBe("a");
  expect(titles(sorted([...tasks], "due", ZONE)).slice(0, 2)).toEqual(["b", "a"]);
  expect(tagCounts(tasks)).toEqual([
    ["x", 2],
    ["y", 1],
  ]);
});
