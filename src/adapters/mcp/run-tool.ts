import type { MessageInitShape } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import type { PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { McpServer } from './mcp-server.ts'
import { resultParts, resultText } from './result-parts.ts'
import type { ToolCall } from './tool-call.ts'

/** Longest last word of a tool that failed, in characters. */
const MAX_REASON = 4_000

/**
 * Runs a tool: how it goes, as it goes, then the parts of its result. Of progress that comes faster than it is read only the newest is kept.
 * Throws AGENT_FAILED with the tool's own words when it says that it failed, and as McpServer.call.
 */
export async function* runTool(
  server: McpServer,
  { tool, arguments: given }: ToolCall,
  signal: AbortSignal
): AsyncGenerator<MessageInitShape<typeof PartSchema> | { readonly progress: string }, void, undefined> {
  let newest: string | undefined
  let over = false
  let wake: () => void = () => undefined
  const call = server
    .call(tool, given, {
      signal,
      onProgress: (text) => {
        newest = text
        wake()
      }
    })
    .finally(() => {
      over = true
      wake()
    })
  // It is awaited below; until then a failure must not count as unhandled.
  call.catch(() => undefined)
  while (!over || newest !== undefined) {
    if (newest === undefined) await new Promise<void>((resolve) => (wake = resolve))
    if (newest === undefined) continue
    const progress: string = newest
    newest = undefined
    yield { progress }
  }
  const result = await call
  if (result.isError === true) throw new HansaError('AGENT_FAILED', resultText(result).slice(0, MAX_REASON) || `the tool ${tool.name} failed`)
  yield* resultParts(result)
}
