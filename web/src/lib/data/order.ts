/** The order of a list by hand: where tasks are put that are moved in it, and back again. Pure. */

/** A task behind another one, or before it. */
export interface Put {
  id: string;
  beside: { after: string } | { before: string };
}

export function neighbourOf(beside: Put["beside"]): string {
  return "after" in beside ? beside.after : beside.before;
}

/**
 * Puts these tasks into the place of another one: before it where they come from below, behind it where they come from
 * above, in the order in which they stand. `shown` is the order of now.
 */
export function putAt(shown: readonly string[], ids: readonly string[], place: string): Put[] {
  const moved = shown.filter((id) => ids.includes(id) && id !== place);
  const at = shown.indexOf(place);
  if (moved.length === 0 || at < 0) return [];
  const isFromAbove = shown.indexOf(moved[0]!) < at;
  const above = shown.slice(0, isFromAbove ? at + 1 : at).findLast((id) => !moved.includes(id));
  return inARow(moved, above, place);
}

/** Puts them where they stand in `shown`. */
export function putBack(shown: readonly string[], puts: readonly Put[]): Put[] {
  const moved = new Set(puts.map(({ id }) => id));
  const stays = shown.find((id) => !moved.has(id));
  return shown.flatMap((id, at): Put[] => {
    if (!moved.has(id)) return [];
    const above = shown[at - 1];
    if (above !== undefined) return [{ id, beside: { after: above } }];
    return stays === undefined ? [] : [{ id, beside: { before: stays } }];
  });
}

function inARow(ids: readonly string[], above: string | undefined, below: string): Put[] {
  return ids.map((id, at) => {
    const last = at === 0 ? above : ids[at - 1];
    return { id, beside: last === undefined ? { before: below } : { after: last } };
  });
}

/** A position right behind one, as long as nobody has said which it is: positions are compared character by character. */
export function positionBeside(position: string | null, beside: Put["beside"]): string | null {
  if ("before" in beside) return "";
  return position === null ? null : `${position}\u0000`;
}
