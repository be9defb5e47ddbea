/** A2A extensions of Hansa's own, by their URIs. Where one is a member of `metadata`, the URI is its name. */
export const EXTENSIONS = {
  /**
   * In a record or on a card: the agent offers to work on no message twice. A caller that asks for it (A2A-Extensions) may send the same message, with the same
   * messageId, until it has an answer: what the first one was answered is said again. Each such message costs the agent's node two writes to its disk, so it is
   * for the caller to ask.
   */
  idempotency: 'urn:hansa:idempotency',
  /** On a card, params: `{ "skills": { ID: { "inputs": [...], "outputs": [...] } } }`: names of facts that a skill needs and puts out, as keys of data parts. */
  facts: 'urn:hansa:facts',
  /** On a message, `{ "ttlMs": N }`: it may wait at the agent's gateway while the agent is offline. */
  inbox: 'urn:hansa:inbox'
} as const
