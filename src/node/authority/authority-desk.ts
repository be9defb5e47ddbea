/** Where a root key is and what opens it. */
export interface RootKeySource {
  /** File, when the key is not in the home. */
  readonly rootKey?: string
  /** Asked only for a key that is sealed. */
  readonly passphrase?: () => Promise<string>
}

/** Who issues, who has issued, and what becomes of the root; times in milliseconds since the epoch. */
export interface RootView {
  readonly domain: string
  readonly roots: readonly {
    readonly use: 'current' | 'next' | 'previous'
    /** SHA256: and hex. */
    readonly sha256: string
    readonly notAfter: number
    readonly list?: { readonly number: number; readonly nextUpdate: number; readonly revoked: number }
  }[]
  readonly rootKey: 'sealed' | 'open' | 'elsewhere'
  readonly issuing: { readonly serial: string; readonly notAfter: number }
  readonly retired: readonly { readonly serial: string; readonly at: number; readonly until: number; readonly hasKey: boolean }[]
  readonly rollover?: { readonly phase: 'announced' | 'activated'; readonly at: number; readonly servedSince?: number }
}

/**
 * What an operator does with the root of a domain and its issuing CAs, on the home of a node that is not running: it takes effect when the node starts. All take the lock of
 * the home and throw HOME_LOCKED, HOME_MISSING, CONFIG_INVALID, ROLE_MISSING (no aca), KEY_MISSING; those that need the root key also ROOT_SEALED.
 */
export interface AuthorityDesk {
  show(home: string): Promise<RootView>
  /** Seals the root key in the home. Throws INVALID_ARGUMENT for a passphrase that is too short, and for a key that is sealed already. */
  seal(home: string, passphrase: () => Promise<string>): Promise<RootView>
  /** Moves the root key out of the home to a new file. Throws INVALID_ARGUMENT when the file is there. */
  export(home: string, file: string): Promise<RootView>
  /** Signs the next list of the root, with what was on it before. Throws NOT_FOUND for the serial of a CA that this authority does not have. */
  signList(
    home: string,
    source: RootKeySource,
    list: { readonly days?: number; readonly revoke?: { readonly serial: string; readonly reason: string } }
  ): Promise<RootView>
  /** A new issuing CA under the same root; the old one signs lists until what it issued has ended. */
  rolloverIssuing(home: string, source: RootKeySource): Promise<RootView>
  /** Makes the next root and tells of it; nothing is issued under it yet. Its key is sealed when a passphrase is given. Throws INVALID_ARGUMENT while another rollover is under way. */
  announceRoot(home: string, passphrase?: () => Promise<string>): Promise<RootView>
  /** Issues under the next root from now on. Throws INVALID_ARGUMENT when others have had no time to hear of it, unless `now`. */
  activateRoot(home: string, now: boolean): Promise<RootView>
  /** Forgets the previous root, and keys of retired CAs that are not wanted any more. Throws INVALID_ARGUMENT while certificates under that root are in force, unless `now`. */
  finish(home: string, now: boolean): Promise<RootView>
}
