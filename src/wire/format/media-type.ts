/** A media type (RFC 9110, 8.3.1): type/subtype in lower case, and its parameters by their names in lower case. */
export interface MediaType {
  readonly essence: string
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}"
const ESSENCE = new RegExp(`^${TOKEN}/${TOKEN}$`)
const PARAMETER = new RegExp(`^(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.){0,200})")$`)

/** Longest that is looked at: a type and a few parameters. */
const MAX_LENGTH = 512

/** Undefined when the text is none. */
export function parseMediaType(text: string): MediaType | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [essence = '', ...rest] = text.split(';').map((piece) => piece.trim())
  if (!ESSENCE.test(essence)) return undefined
  const parameters: Record<string, string> = {}
  for (const piece of rest) {
    if (piece === '') continue
    const [, name, token, quoted] = PARAMETER.exec(piece) ?? []
    if (name === undefined) return undefined
    parameters[name.toLowerCase()] = token ?? (quoted ?? '').replace(/\\(.)/g, '$1')
  }
  return { essence: essence.toLowerCase(), parameters }
}

/** True when `mode`, a mode of a card or of acceptedOutputModes, takes what is of `type`: the same, or by * as subtype or for both. */
export function accepts(mode: MediaType, type: MediaType): boolean {
  if (mode.essence === '*/*') return true
  if (mode.essence.endsWith('/*')) return type.essence.startsWith(mode.essence.slice(0, -1))
  return mode.essence === type.essence
}
