import { createSigner, seedToPem } from '../adapters/system/crypto.ts'
import { createAuthority } from '../adapters/x509/authority.ts'
import { parseDomain } from '../core/ids/domain.ts'
import { sortRoles } from '../core/ids/role.ts'
import { formatSpiffeId, parseName } from '../core/ids/spiffe-id.ts'
import { HansaError } from '../schema/errors.ts'
import { decodePem } from '../wire/x509/pem.ts'
import type { CheckedInvite } from '../wire/invite.ts'
import { checkInvite, rootsPem } from './check-invite.ts'
import { configError } from './config/problem.ts'
import { readConfig } from './config/read-config.ts'
import { renderConfig } from './config/render-config.ts'
import type { ConfigFile } from './config/schema.ts'
import { fingerprint } from './fingerprint.ts'
import { createHome, refuseExisting } from './home/create-home.ts'
import { homePaths } from './home/home-paths.ts'
import { generateSeed } from './home/node-key.ts'
import { generateSwarmKey } from './home/swarm-key.ts'
import type { InitOptions, InitResult } from './host.ts'

/**
 * Founds a domain: a home with a fresh key, a root and an issuing CA, in a swarm of its own or in that of an invite. The node's own certificate is issued
 * at its first start, by the ACA itself, so that the ACA knows of it as of any other.
 * @throws HOME_EXISTS, INVALID_ARGUMENT, VOUCHER_INVALID, CONFIG_INVALID (the overrides)
 */
export async function initHome(options: InitOptions, now: number = Date.now()): Promise<InitResult> {
  const domain = parseDomain(options.domain)
  const name = parseName(options.name)
  const roles = sortRoles(options.roles)
  if (roles[0] !== 'aca')
    throw new HansaError('INVALID_ARGUMENT', 'a new domain begins with its certificate authority: the roles must contain aca; other nodes join by invite', {
      argument: 'roles'
    })
  const invite = options.swarmInvite === undefined ? undefined : checkInvite(options.swarmInvite, 'swarm', now)
  if (invite?.domain === domain)
    throw new HansaError('INVALID_ARGUMENT', `the invite is of ${domain} itself; a new domain needs another name`, { argument: 'domain' })
  const { dir } = homePaths(options.home)
  await refuseExisting(dir)

  const config = renderConfig({ domain, name, roles, ...sections(invite, options.config ?? {}) })
  const { problems } = readConfig(config, 'config.yaml')
  if (problems.length > 0) throw configError(problems)

  const seed = generateSeed()
  const authority = createAuthority(domain, now)
  const swarmKey = invite === undefined ? generateSwarmKey() : invite.swarmKey
  await createHome(dir, {
    config,
    key: seedToPem(seed),
    roots: { [domain]: authority.rootCert, ...(invite === undefined ? {} : { [invite.domain]: rootsPem(invite) }) },
    aca: { rootKey: authority.rootKey, root: authority.rootCert, issuingKey: authority.issuingKey, issuing: authority.issuingCert },
    ...(swarmKey === '' ? {} : { swarmKey })
  })
  const [root = new Uint8Array()] = decodePem('CERTIFICATE', authority.rootCert)
  return {
    home: dir,
    spiffeId: formatSpiffeId({ domain, role: roles[0], name }),
    peer: createSigner(seed).peer,
    roles,
    root: fingerprint(root),
    ...(invite === undefined ? {} : { swarmOf: invite.domain })
  }
}

/** What an invite says of the swarm and of its domain, under what the caller overrides. */
function sections(invite: CheckedInvite | undefined, overrides: Partial<ConfigFile>): Partial<ConfigFile> {
  if (invite === undefined) return overrides
  const trust = { domains: { ...overrides.trust?.domains, [invite.domain]: { roots: [`roots/${invite.domain}.pem`] } } }
  return { ...overrides, swarm: { ...swarmOf(invite), ...overrides.swarm }, trust }
}

function swarmOf(invite: CheckedInvite): NonNullable<ConfigFile['swarm']> {
  return { bootstrap: invite.bootstrap, ...(invite.swarmKey === '' ? { key: 'public' } : {}) }
}
