import type { ServerContext } from '@modelcontextprotocol/server'

/** Longest message of one notification, in characters: a sign of life, not the answer. */
const MAX_MESSAGE = 1_000

/** Tells the client how a tool fares, each time with a higher number, where the client asked for that. Never throws: a client that is gone is seen elsewhere. */
export function progressOf({ mcpReq }: ServerContext): { readonly wanted: boolean; tell(message: string): Promise<void> } {
  const progressToken = mcpReq._meta?.progressToken
  let progress = 0
  return {
    wanted: progressToken !== undefined,
    async tell(message) {
      if (progressToken === undefined) return
      const params = { progressToken, progress: ++progress, message: message.slice(0, MAX_MESSAGE) }
      await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined)
    }
  }
}
