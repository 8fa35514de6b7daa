/** The recurrences that most tasks have, as a list to choose from. */
import { newModel, toRrule, type Model, type RuleModel } from "./model";
import { WORKDAYS } from "./rule";

export const RULE_PRESETS = ["daily", "workdays", "weekly", "monthly", "yearly"] as const;
export type RulePreset = (typeof RULE_PRESETS)[number];
export type Preset = RulePreset | "none" | "custom";

/** The fields of a preset for a rule that begins then. */
export function presetModel(preset: RulePreset, start: string): RuleModel {
  if (preset !== "workdays") return newModel(start, preset);
  return { ...newModel(start, "weekly"), weekdays: [...WORKDAYS] };
}

/** Which preset a rule is; `custom` where it is none. */
export function presetOf(model: Model, start: string): Preset {
  if (model.kind !== "rule") return model.kind;
  if (model.basis === "completion") return "custom";
  const rrule = toRrule(model);
  return RULE_PRESETS.find((preset) => toRrule(presetModel(preset, start)) === rrule) ?? "custom";
}
