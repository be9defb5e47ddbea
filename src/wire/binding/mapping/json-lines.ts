import { HansaError } from '../../../schema/errors.ts'

/** Reads lines piece by piece, holding at most one line of `maxLine` characters; `end` gives what stands after the last line end. Both throw INVALID_AGENT_RESPONSE. */
export function createLineParser(maxLine: number): { push(bytes: Uint8Array): string[]; end(): string[] } {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let pieces: string[] = []
  let pending = 0

  function decode(bytes?: Uint8Array): string {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw new HansaError('INVALID_AGENT_RESPONSE', 'the stream of the agent is not UTF-8')
    }
  }

  function take(text: string): string[] {
    const parts = text.split('\n')
    const rest = parts.pop() ?? ''
    const lines = parts.map((part, index) => (index === 0 ? pieces.join('') + part : part))
    if (parts.length > 0) {
      pieces = []
      pending = 0
    }
    pieces.push(rest)
    pending += rest.length
    if (pending > maxLine || lines.some((line) => line.length > maxLine))
      throw new HansaError('INVALID_AGENT_RESPONSE', `a line of the agent is larger than ${maxLine} characters`)
    return lines
  }

  return {
    push: (bytes) => take(decode(bytes)),
    end: () => [...take(decode()), pieces.join('')].filter((line) => line !== '')
  }
}
