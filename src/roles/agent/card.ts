import type { AgentClient } from '../../ports/agent-client.ts'
import type { AgentCard } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseCard } from '../../wire/binding/agent-card.ts'

/** A card that has been read: its exact bytes and what they say. */
export interface ReadCard {
  readonly bytes: Uint8Array
  readonly card: AgentCard
}

/** Reads the agent's card. Throws AGENT_UNREACHABLE, or INVALID_AGENT_RESPONSE naming what is wrong with it. */
export async function readCard(client: AgentClient, signal: AbortSignal): Promise<ReadCard> {
  const bytes = await client.card(signal)
  return { bytes, card: parseCard(bytes) }
}
