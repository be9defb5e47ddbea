import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../adapters/system/clock.ts'
import { createSigner, seedToPem, sha256 } from '../adapters/system/crypto.ts'
import { HansaError, toHansaError } from '../schema/errors.ts'
import type { CheckedInvite } from '../wire/invite.ts'
import { makeCsr } from '../wire/x509/csr.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { type Applied, apply } from './apply.ts'
import { checkInvite } from './check-invite.ts'
import { completeHome, createHome } from './home/create-home.ts'
import { homePaths } from './home/home-paths.ts'
import { beginJoining, readJoining, writeJoining } from './home/joining.ts'
import { generateSeed } from './home/node-key.ts'
import type { JoinOptions, JoinResult, PreparedHome } from './host.ts'
import { joinedHome } from './joined-home.ts'

/** An ACA that says nothing of when to ask again, and the least that is waited. */
const RETRY_MS = { usual: 30_000, least: 1_000 }

/**
 * Makes a home from an invite: a fresh key, a certificate from the ACA (draft 3.1.1). With a voucher nothing is written unless it is issued. An application that waits
 * for the operator leaves a half-made home behind, with the key; the same call goes on with it.
 */
export async function joinHome(options: JoinOptions): Promise<JoinResult> {
  const { home, signal, materials, cites, onPending } = options
  const paths = homePaths(home)
  let half = await readJoining(paths)
  const text = options.invite ?? half?.invite
  if (text === undefined) throw new HansaError('INVALID_ARGUMENT', `an invite is wanted: nothing that waits has one in ${paths.dir}`, { argument: 'invite' })
  // An application outlives the invite that it came with.
  const goesOn = options.invite === undefined && half?.applicationId !== undefined
  const invite = checkInvite(text, ['node', 'open'], goesOn ? 0 : systemClock.now())
  const seed = half?.seed ?? generateSeed()

  async function keep(applicationId?: string): Promise<void> {
    if (half === undefined) await beginJoining(paths, seed)
    half = { seed, invite: text, ...(applicationId === undefined ? {} : { applicationId }) }
    await writeJoining(paths, half)
  }

  // Something new to say is a new application; otherwise the one that waits is asked after.
  let applicationId = materials === undefined && cites === undefined ? half?.applicationId : undefined
  if (half !== undefined || invite.kind === 'open' || materials !== undefined) await keep(applicationId)
  const asked = invite.kind === 'open' ? { roles: [...invite.grantedRoles], ...materials } : materials
  const said = { ...(asked === undefined ? {} : { materials: asked }), ...(cites === undefined ? {} : { cites }) }
  for (;;) {
    const applied = await apply(invite, seed, { ...said, ...(applicationId === undefined ? {} : { applicationId }) }, signal).catch(async (thrown: unknown) => {
      // Of what is decided, the key is kept: the next try may bring what was missing.
      if (half?.applicationId !== undefined && ['APPLICATION_REJECTED', 'NOT_FOUND'].includes(toHansaError(thrown).code)) await keep()
      throw thrown
    })
    if (applied.state === 'issued') return finish(options, invite, seed, applied, half !== undefined)
    applicationId = applied.applicationId
    await keep(applicationId)
    const { message, findings } = applied
    const retryAfterMs = Math.max(RETRY_MS.least, applied.retryAfterMs > 0 ? applied.retryAfterMs : RETRY_MS.usual)
    onPending?.({ message, findings, retryAfterMs, key: keyHash(seed), peer: createSigner(seed).peer })
    if (options.wait !== true)
      throw new HansaError('APPLICATION_PENDING', `the application waits for the operator of ${invite.domain}${message === '' ? '' : `: ${message}`}`, {
        retryAfterMs,
        key: keyHash(seed)
      })
    await setTimeout(retryAfterMs, undefined, { signal })
  }
}

/** A key for a node to come, and the names that others bind a voucher or an ID token to. The same again gives the same. Throws HOME_EXISTS. */
export async function prepareHome(home: string): Promise<PreparedHome> {
  const paths = homePaths(home)
  const half = await readJoining(paths)
  const seed = half?.seed ?? generateSeed()
  if (half === undefined) await beginJoining(paths, seed)
  const signer = createSigner(seed)
  // The signatures of Ed25519 and the request have nothing random in them: the request that is sent later is this one.
  const csr = sha256(makeCsr(signer))
  return {
    home: paths.dir,
    peer: signer.peer,
    key: keyHash(seed),
    csr: `SHA256:${Buffer.from(csr).toString('hex')}`,
    nonce: Buffer.from(csr).toString('base64url')
  }
}

async function finish(
  { home, config }: JoinOptions,
  invite: CheckedInvite,
  seed: Uint8Array,
  { chain, identity, roots }: Extract<Applied, { state: 'issued' }>,
  begun: boolean
): Promise<JoinResult> {
  const contents = joinedHome(
    invite,
    {
      name: identity.name,
      roles: identity.roles,
      key: seedToPem(seed),
      chainPem: chain.map((certificate) => encodePem('CERTIFICATE', certificate)).join(''),
      rootPem: roots.map((root) => encodePem('CERTIFICATE', root)).join('')
    },
    config
  )
  const paths = homePaths(home)
  if (begun) await completeHome(paths, contents)
  else await createHome(paths.dir, contents)
  return { home: paths.dir, spiffeId: identity.spiffeId, peer: identity.peer, roles: identity.roles, notAfter: identity.notAfter }
}

function keyHash(seed: Uint8Array): string {
  return `SHA256:${Buffer.from(sha256(createSigner(seed).publicKey)).toString('hex')}`
}
