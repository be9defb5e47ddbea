/** A2A extensions of Hansa's own, by their URIs. Where one is a member of `metadata`, the URI is its name. */
export const EXTENSIONS = {
  /**
   * On a card or in a record: a message with a messageId that this agent has taken from the same sender before is not worked on again; what it was answered is
   * said again.
   */
  idempotency: 'urn:hansa:idempotency',
  /** On a card, params: `{ "skills": { ID: { "inputs": [...], "outputs": [...] } } }`: names of facts that a skill needs and puts out, as keys of data parts. */
  facts: 'urn:hansa:facts',
  /** On a message, `{ "ttlMs": N }`: it may wait at the agent's gateway while the agent is offline. */
  inbox: 'urn:hansa:inbox'
} as const
