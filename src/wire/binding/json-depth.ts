const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * True when JSON nests at most `max` levels, seen from its bytes alone: 16 MiB of brackets keep JSON.parse busy for seconds, and the codec would refuse what it made of
 * them. Says nothing of whether it is JSON.
 */
export function isShallow(json: Uint8Array, max: number): boolean {
  let depth = 0
  let quoted = false
  for (let index = 0; index < json.length; index++) {
    const byte = json[index]
    if (quoted) {
      if (byte === BACKSLASH) index++
      else if (byte === QUOTE) quoted = false
    } else if (byte === QUOTE) quoted = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > max) return false
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
  }
  return true
}
