/** Tasks that are dragged to a day or a list. */
import type { Attachment } from "svelte/attachments";

const TYPE = "application/x-task-ids";

export function carry(event: DragEvent, ids: readonly string[]): void {
  event.dataTransfer?.setData(TYPE, JSON.stringify(ids));
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
}

/** Takes tasks that are dropped, and shows by `data-over` that it does. */
export function dropTarget(drop: ((ids: string[]) => void) | null): Attachment<HTMLElement> {
  return (node) => {
    if (!drop) return;
    const has = (event: DragEvent) => event.dataTransfer?.types.includes(TYPE) ?? false;
    const over = (event: DragEvent) => {
      if (!has(event)) return;
      event.preventDefault();
      node.dataset["over"] = "";
    };
    const leave = () => delete node.dataset["over"];
    const dropped = (event: DragEvent) => {
      leave();
      if (!has(event)) return;
      event.preventDefault();
      drop(JSON.parse(event.dataTransfer?.getData(TYPE) ?? "[]") as string[]);
    };
    node.addEventListener("dragover", over);
    node.addEventListener("dragleave", leave);
    node.addEventListener("drop", dropped);
    return () => {
      node.removeEventListener("dragover", over);
      node.removeEventListener("dragleave", leave);
      node.removeEventListener("drop", dropped);
    };
  };
}
