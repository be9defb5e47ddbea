/** One sentence or phrase in several languages (a unit of a translation memory): BCP 47 tag -> text. */
export type Unit = ReadonlyMap<string, string>

/** Bounds of one file: a memory of a hundred thousand sentences is large, a million is an attack. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024
export const MAX_UNITS = 250_000
export const MAX_SEGMENT = 4_000
