/** {name}: letters, digits, underscores and dashes, so that braces of JSON in a text stay what they are. */
const PLACE = /\{([A-Za-z0-9][A-Za-z0-9_-]{0,62})\}/g

/** Names in braces in a text, each once. */
export function placesOf(text: string): string[] {
  return [...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name))]
}

/** The text with every {name} replaced; what is put in is not looked at again. A name that `value` does not know stays. */
export function fill(text: string, value: (name: string) => string | undefined): string {
  return text.replace(PLACE, (whole, name: string) => value(name) ?? whole)
}
