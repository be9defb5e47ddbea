import { fitText, textWidth } from './text-width.ts'

/** Long cells make a table unreadable; --json has them whole. What people copy fits: a fingerprint has 71 characters, a multiaddr with its peer about 90. */
const MAX_CELL = 100

/** Columns side by side, two spaces between them, no rules: easy on eyes and on awk. No rows give no lines. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const cells = [head, ...rows].map((row) => row.map((cell) => fitText(cell.replace(/\s+/g, ' '), MAX_CELL)))
  const widths = head.map((_, column) => Math.max(...cells.map((row) => textWidth(row[column] ?? ''))))
  return cells.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - textWidth(cell))))
      .join('  ')
      .trimEnd()
  )
}
