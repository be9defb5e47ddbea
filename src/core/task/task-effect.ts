/**
 * What is to be done after the changed run has been committed; a closed union. An effect may be done again after a restart: what names an attempt is the
 * same message with the same ID.
 */
export type TaskEffect =
  /** Find an agent for the step, not one of `avoid` if there is another; comes back as assigned or unassigned. */
  | { readonly kind: 'assign'; readonly step: string; readonly avoid: readonly string[] }
  /**
   * Send the attempt's message. `resumed`: it may have been sent before; take up what has become of it, by the attempt's task if that is known, else by sending the
   * same message again, but only to an agent that honours the idempotency key. Where neither can be, the attempt has failed with fate `unknown`.
   */
  | { readonly kind: 'send'; readonly step: string; readonly attempt: number; readonly resumed: boolean }
  /** Send the answer that the step holds to the attempt's task. */
  | { readonly kind: 'reply'; readonly step: string; readonly attempt: number }
  /** Stop the attempt, at the agent too; comes back as canceled, completed or failed. */
  | { readonly kind: 'cancel'; readonly step: string; readonly attempt: number }
  /** Say `tick` at this time, or earlier. The newest of a run counts. */
  | { readonly kind: 'wake'; readonly at: number }
  /** The attempt is over: how the agent did, for the choice of the next. */
  | { readonly kind: 'merit'; readonly agent: string; readonly succeeded: boolean; readonly ms: number }
  /** The run has ended. */
  | { readonly kind: 'ended' }
