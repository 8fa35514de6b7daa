/** Time zones to choose from. */

/** The zone of this device. */
export function deviceZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** All that the browser knows, and these: browsers leave out UTC and zones that have another name by now. */
export function zonesWith(...known: readonly string[]): string[] {
  return [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ...known])].sort();
}
