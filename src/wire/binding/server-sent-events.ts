import { HansaError } from '../../schema/errors.ts'

/** One event whose data is a single line of text (JSON never holds a bare line break). */
export function renderEvent(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`
}

/** Keeps proxies and clients from giving up on a quiet stream. */
export const KEEP_ALIVE_COMMENT = ': keep-alive\n\n'

export interface EventParser {
  /** Takes the next bytes; returns the data of the events that they completed. Throws INVALID_AGENT_RESPONSE above the bound or for bytes that are no UTF-8. */
  push(bytes: Uint8Array): string[]
}

/** Reads server-sent events (HTML, section 9.2) piece by piece, holding at most one event of `maxEvent` characters. Only `data` means something here. */
export function createEventParser(maxEvent: number): EventParser {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let pieces: string[] = []
  let pending = 0
  let data: string[] = []
  let size = 0
  let afterReturn = false

  function line(text: string, events: string[]): void {
    if (text === '') {
      if (data.length > 0) events.push(data.join('\n'))
      data = []
      size = 0
    } else if (text.startsWith('data:')) {
      const value = text.slice(text.startsWith('data: ') ? 6 : 5)
      size += value.length + 1
      if (size > maxEvent) throw tooLarge(maxEvent)
      data.push(value)
    }
  }

  function decode(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes, { stream: true })
    } catch {
      throw new HansaError('INVALID_AGENT_RESPONSE', 'the stream of the agent is not UTF-8')
    }
  }

  return {
    push(bytes) {
      const text = decode(bytes)
      const events: string[] = []
      let start = 0
      for (let index = 0; index < text.length; index++) {
        const char = text.charCodeAt(index)
        const wasReturn = afterReturn
        afterReturn = char === 13
        if (char !== 10 && char !== 13) continue
        if (char === 10 && wasReturn) {
          // The second half of one line end, which may have come with the piece before.
          start = index + 1
          continue
        }
        line(pieces.join('') + text.slice(start, index), events)
        pieces = []
        pending = 0
        start = index + 1
      }
      if (start < text.length) {
        pending += text.length - start
        if (pending > maxEvent + 8) throw tooLarge(maxEvent)
        pieces.push(text.slice(start))
      }
      return events
    }
  }
}

function tooLarge(bound: number): HansaError {
  return new HansaError('INVALID_AGENT_RESPONSE', `an event of the agent is larger than ${bound} characters`)
}
