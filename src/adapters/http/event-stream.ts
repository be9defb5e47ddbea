import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { KEEP_ALIVE_COMMENT, renderEvent } from '../../wire/binding/server-sent-events.ts'

/** Server-sent events to one client, no faster than it reads. */
export interface EventStream {
  /** Resolves when the client has room for more. Throws when `signal` aborts meanwhile. */
  send(data: string, signal: AbortSignal, event?: string): Promise<void>
  /** Shows a quiet client that the stream is alive; nothing while it has not read what was sent before, and when that lasts it is cut off. */
  keepAlive(): void
  end(): void
  readonly started: boolean
}

/** Keep-alives in a row that found what was sent before unread: a minute. Such a client holds a call and a socket, and its deadline does not reach it. */
const MAX_UNREAD = 4

export function createEventStream(response: ServerResponse): EventStream {
  let started = false
  let unread = 0

  function begin(): void {
    if (started) return
    started = true
    // no-transform and X-Accel-Buffering: proxies would hold events back to fill a buffer.
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' })
  }

  return {
    async send(data, signal, event) {
      begin()
      if (!response.write(renderEvent(data, event))) await once(response, 'drain', { signal })
    },
    keepAlive() {
      begin()
      unread = response.writableNeedDrain ? unread + 1 : 0
      if (unread === 0) response.write(KEEP_ALIVE_COMMENT)
      else if (unread >= MAX_UNREAD) response.destroy()
    },
    end() {
      begin()
      response.end()
    },
    get started() {
      return started
    }
  }
}
