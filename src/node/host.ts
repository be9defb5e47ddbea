import type { Role } from '../core/ids/role.ts'
import type { Materials } from './read-materials.ts'
import type { ConfigFile } from './config/schema.ts'
import type { RunFile } from './home/run-file.ts'

/** Sections of config.yaml that take the place of what a new home would have had. */
export type ConfigOverrides = Partial<Omit<ConfigFile, 'domain' | 'name' | 'roles'>>

export interface InitOptions {
  readonly home: string
  readonly domain: string
  readonly roles: readonly Role[]
  readonly name: string
  /** Text of another domain's swarm invite: its swarm is joined and its roots are listed. */
  readonly swarmInvite?: string
  readonly config?: ConfigOverrides
  /** Seals the root key. */
  readonly passphrase?: string
}

export interface InitResult {
  readonly home: string
  readonly spiffeId: string
  readonly peer: string
  readonly roles: readonly Role[]
  /** SHA256: and the lower-case hex fingerprint of the new root; absent without the role aca. */
  readonly root?: string
  /** How the root key lies in the home. */
  readonly rootKey: 'sealed' | 'open'
  /** Domain whose swarm was joined. */
  readonly swarmOf?: string
}

export interface JoinOptions {
  readonly home: string
  /** Text of the invite; absent: the one of the half-made home. */
  readonly invite?: string
  /** What is said beside the invite (draft 3.1.1). */
  readonly materials?: Materials
  /** Serial of a revoked certificate that this one stands in for (draft 3.1.2). */
  readonly cites?: string
  /** Waits until the operator has decided. */
  readonly wait?: boolean
  /** Each time that the ACA says that it waits. */
  readonly onPending?: (pending: PendingJoin) => void
  readonly config?: ConfigOverrides
  readonly signal: AbortSignal
}

/** An application that the operator has to decide. */
export interface PendingJoin {
  readonly message: string
  /** What was found of each thing that was said, a sentence each. */
  readonly findings: readonly string[]
  readonly retryAfterMs: number
  /** SHA256: and the hex hash of the public key: how the operator finds it in `hansa ca pending`. */
  readonly key: string
  readonly peer: string
}

/** A home with nothing but a key. */
export interface PreparedHome {
  readonly home: string
  readonly peer: string
  /** What a voucher may be bound to: SHA256: and the hash of the public key, or of the request. */
  readonly key: string
  readonly csr: string
  /** What an OpenID token must have as its nonce: base64url SHA-256 of the request. */
  readonly nonce: string
}

export interface JoinResult {
  readonly home: string
  readonly spiffeId: string
  readonly peer: string
  readonly roles: readonly Role[]
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

export interface UpOptions {
  readonly home: string
  /** Aborts on SIGINT or SIGTERM: drain, withdraw, disconnect. */
  readonly signal: AbortSignal
  /** All listeners are up and the run file is written. */
  readonly onReady: (run: RunFile) => void
}

export interface RunAgentOptions extends UpOptions {
  /** URL or file of the agent's card; absent with `mcp`. */
  readonly card?: string
  /** An MCP server whose tools are the agent: a command or a URL. */
  readonly mcp?: string
  /** File that says how a plain service is called as an agent (node/mapping). */
  readonly mapping?: string
  /** Must be the name in the certificate when given. */
  readonly name?: string
  /** Added to those of the card. */
  readonly capabilities: readonly string[]
  readonly languages: readonly string[]
  /** No message is worked on twice; as the config says otherwise. */
  readonly idempotent?: boolean
  /** Registered and attached. */
  readonly onAttached: (agent: { readonly handle: string; readonly resourceId: string; readonly gateway: string }) => void
}

export interface DemoStep {
  readonly step: string
  readonly title: string
  readonly ok: boolean
  readonly ms: number
  /** What was seen before it, when it had to fail. */
  readonly control: string
  /** What was seen. */
  readonly saw: string
}

export interface DemoOptions {
  /** Leave everything running afterwards. */
  readonly keep: boolean
  readonly signal: AbortSignal
  readonly onStep: (step: DemoStep) => void
  /** Lines of the story between the steps (headings, what to try next). */
  readonly onNote: (line: string) => void
}

/** What the command line asks of the node's own code, without a running node. All throw HansaError. */
export interface HostFunctions {
  /** Throws HOME_EXISTS, VOUCHER_INVALID. */
  init(options: InitOptions): Promise<InitResult>
  /**
   * Throws HOME_EXISTS, VOUCHER_INVALID, PEER_UNREACHABLE, CERTIFICATE_INVALID (the root does not fit the invite), APPLICATION_PENDING unless it waits,
   * APPLICATION_REJECTED.
   */
  join(options: JoinOptions): Promise<JoinResult>
  /** Makes the key of a node that will join, and tells its hashes. Throws HOME_EXISTS. */
  prepare(home: string): Promise<PreparedHome>
  /** Resolves when the node has stopped. Throws HOME_MISSING, CONFIG_INVALID, KEY_MISSING, KEY_EXPOSED, HOME_LOCKED, PORT_TAKEN. */
  up(options: UpOptions): Promise<void>
  /** As up, with the agent role beside an agent. */
  runAgent(options: RunAgentOptions): Promise<void>
  /** True when every step held. */
  demo(options: DemoOptions): Promise<boolean>
}
