/** A row that is swept aside by a finger. */
import type { Attachment } from "svelte/attachments";

/** From how far on it counts, in pixels. */
const COUNTS_PX = 80;
/** From how far on it is no tap, and no scrolling, in pixels. */
const BEGINS_PX = 12;

export function swipe(acts: { right: () => void; left: () => void }): Attachment<HTMLElement> {
  return (node) => {
    let from: { x: number; y: number } | null = null;
    let moved = 0;
    const show = (by: number) => {
      moved = by;
      node.style.setProperty("--swiped", `${by}px`);
      if (by === 0) delete node.dataset["swipe"];
      else node.dataset["swipe"] = by > 0 ? "right" : "left";
    };
    const down = (event: PointerEvent) => {
      if (event.pointerType === "touch") from = { x: event.clientX, y: event.clientY };
    };
    const move = (event: PointerEvent) => {
      if (!from) return;
      const by = event.clientX - from.x;
      if (moved === 0 && Math.abs(by) < BEGINS_PX) return;
      if (moved === 0) node.setPointerCapture(event.pointerId);
      show(by);
    };
    const end = () => {
      const by = moved;
      from = null;
      show(0);
      if (by > COUNTS_PX) acts.right();
      else if (by < -COUNTS_PX) acts.left();
    };
    const cancel = () => {
      from = null;
      show(0);
    };
    node.addEventListener("pointerdown", down);
    node.addEventListener("pointermove", move);
    node.addEventListener("pointerup", end);
    node.addEventListener("pointercancel", cancel);
    return () => {
      node.removeEventListener("pointerdown", down);
      node.removeEventListener("pointermove", move);
      node.removeEventListener("pointerup", end);
      node.removeEventListener("pointercancel", cancel);
    };
  };
}
