/** Posts to addresses that clients have named. They may name anything, so what is private to this machine or its network is refused unless the operator allows it. */
export interface WebhookSender {
  /** Throws INVALID_ARGUMENT for an address that may not be posted to, as far as can be told without asking anybody. */
  check(url: string): void
  /** Resolves when it was answered with success. Redirects are not followed. Throws INVALID_ARGUMENT as `check`, PEER_UNREACHABLE otherwise. */
  post(request: {
    readonly url: string
    readonly body: string
    readonly headers: Readonly<Record<string, string>>
    readonly signal: AbortSignal
  }): Promise<void>
}
