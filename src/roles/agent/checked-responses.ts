import type { Message } from '@bufbuild/protobuf'
import type { AgentClient, InvokeOptions } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Operation } from '../../wire/operations.ts'
import { untilAborted } from './until-aborted.ts'

/**
 * What the agent answers, of the kind and number that the operation asks for, until the signal aborts. The next response is asked for only when this one has been
 * used. Throws INVALID_AGENT_RESPONSE, what the agent throws, and the signal's reason.
 */
export async function* checkedResponses(
  client: AgentClient,
  operation: Operation,
  request: Message,
  options: InvokeOptions
): AsyncGenerator<Message, void, undefined> {
  let count = 0
  for await (const response of untilAborted(client.invoke(operation, request, options), options.signal)) {
    if (response.$typeName !== operation.response.typeName)
      throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered ${operation.name} with a ${response.$typeName}`)
    if (count++ > 0 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered ${operation.name} more than once`)
    yield response
  }
  if (count === 0 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent did not answer ${operation.name}`)
}
