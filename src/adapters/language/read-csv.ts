import { parse } from 'csv-parse/sync'
import { isLanguage } from '../../core/ids/language-tag.ts'
import { HansaError } from '../../schema/errors.ts'
import { MAX_SEGMENT, MAX_UNITS, type Unit } from './unit.ts'

/** Units (with one language or more) of a CSV file whose first line has a language tag for each column. Throws CONFIG_INVALID with the line. */
export function readCsv(text: string): Unit[] {
  let rows: string[][]
  try {
    rows = parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: 16 * MAX_SEGMENT })
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `not a table of translations (CSV): ${cause instanceof Error ? cause.message.slice(0, 200) : ''}`, {}, cause)
  }
  const [head = [], ...body] = rows
  const languages = head.map((tag) => tag.trim())
  if (languages.length < 1 || !languages.every(isLanguage))
    throw new HansaError('CONFIG_INVALID', 'the first line of a table of translations (CSV) names a language for each column, such as en,zh')
  if (body.length > MAX_UNITS) throw new HansaError('CONFIG_INVALID', `a table of ${body.length} translations; at most ${MAX_UNITS} are taken`)
  return body.flatMap((row) => {
    const cells = languages.map((language, index) => [language, row[index]?.trim() ?? ''] as const)
    const unit = new Map(cells.filter(([, cell]) => cell !== '' && cell.length <= MAX_SEGMENT))
    return unit.size > 0 ? [unit] : []
  })
}
