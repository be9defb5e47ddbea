import { styleText } from 'node:util'

const STYLES = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

/** A JSON line of the log in the form that people read: time, level, message, then fields. */
export function prettyLine(json: string, colour: boolean): string {
  const { time, level, message, ...fields } = JSON.parse(json) as Record<string, unknown>
  const name = String(level)
  const style = Object.hasOwn(STYLES, name) ? STYLES[name as keyof typeof STYLES] : 'reset'
  const label = name.toUpperCase().padEnd(5)
  // Values came through JSON, so what could move a cursor is escaped; the message is ours but may quote a stranger.
  const text = String(message ?? '').replace(/\p{Cc}/gu, ' ')
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${bare(value)}`)
  return [String(time).slice(11, 23), colour ? styleText(style, label, { validateStream: false }) : label, text, ...rest].join(' ') + '\n'
}

function bare(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+-]+$/.test(value)) return value
  if (typeof value === 'object' && value !== null && 'type' in value && 'message' in value)
    return JSON.stringify(`${String(value.type)}: ${String(value.message)}`)
  return JSON.stringify(value)
}
