import { ProtocolError, ProtocolErrorCode, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import { HansaError } from '../../schema/errors.ts'

/** Longest text of a server that goes into an error, in characters. */
const MAX_TEXT = 1_000

/** Why a call of an MCP server failed, by what its client threw. */
export function mcpFailure(thrown: unknown, server: string): HansaError {
  if (thrown instanceof HansaError) return thrown
  const words = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, MAX_TEXT)
  if (SdkError.isInstance(thrown)) {
    if (thrown.code === SdkErrorCode.RequestTimeout) return new HansaError('DEADLINE_EXCEEDED', `the MCP server ${server} did not answer in time`, {}, thrown)
    if (thrown.code === SdkErrorCode.InvalidResult)
      return new HansaError('AGENT_FAILED', `the MCP server ${server} gave no proper result: ${words}`, {}, thrown)
  }
  if (ProtocolError.isInstance(thrown)) {
    const wrong = thrown.code === ProtocolErrorCode.InvalidParams
    return new HansaError(wrong ? 'INVALID_ARGUMENT' : 'AGENT_FAILED', `the MCP server ${server} refused: ${words}`, {}, thrown)
  }
  return new HansaError('AGENT_UNREACHABLE', `the MCP server ${server} cannot be reached: ${words}`, {}, thrown)
}
