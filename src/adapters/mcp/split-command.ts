import { HansaError } from '../../schema/errors.ts'

/** Longest command line that is taken, in characters. */
const MAX_LENGTH = 16_384

/**
 * Splits a command line into the program and its arguments. No shell is asked, so nothing is expanded: no variables, no wildcards, no pipes.
 *
 * Spaces separate. 'Single quotes' keep everything as it is. "Double quotes" keep everything but \" and \\, which are a quote and a backslash. Outside of
 * quotes a backslash keeps the next character. Quoted and bare pieces that touch make one word.
 *
 * Throws INVALID_ARGUMENT for an empty command, a quote without its end, or a backslash at the end.
 */
export function splitCommand(text: string): [string, ...string[]] {
  if (text.length > MAX_LENGTH) throw refuse(`it has ${text.length} characters; at most ${MAX_LENGTH} are taken`)
  if (text.includes('\0')) throw refuse('it holds a zero character')
  const words: string[] = []
  // Undefined between words; an empty word is one that was quoted.
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === "'" || character === '"') {
      const { inside, end } = quoted(text, at)
      word = (word ?? '') + inside
      at = end
    } else if (character === '\\') {
      if (at + 1 === text.length) throw refuse('it ends in a backslash')
      word = (word ?? '') + text.charAt(++at)
    } else word = (word ?? '') + character
  }
  if (word !== undefined) words.push(word)
  const [program, ...rest] = words
  if (program === undefined || program === '') throw refuse('it names no program')
  return [program, ...rest]
}

/** What is inside the quotes that begin at `from`, and where they end. */
function quoted(text: string, from: number): { readonly inside: string; readonly end: number } {
  const quote = text.charAt(from)
  let inside = ''
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === quote) return { inside, end: at }
    const next = text.charAt(at + 1)
    if (quote === '"' && character === '\\' && (next === '"' || next === '\\')) {
      inside += next
      at++
    } else inside += character
  }
  throw refuse(`a ${quote} has no end`)
}

function refuse(why: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', `not a command: ${why}`, { argument: 'mcp' })
}
