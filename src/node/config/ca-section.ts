import { z } from 'zod'
import { ROLES, sortRoles } from '../../core/ids/role.ts'
import { capability, duration, flag, integer, type Kind, list, oneOf, optional, plainOrigin, setting, text } from './setting.ts'

const path = text('the path of a file, absolute or beginning at the home')
const roleList = list(oneOf(...ROLES), ROLES.length)
const roles: Kind<z.ZodType<(typeof ROLES)[number][], (typeof ROLES)[number][]>> = { ...roleList, schema: roleList.schema.transform(sortRoles) }
const keyName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)

/** An OpenID Connect provider whose ID tokens count. */
const oidcIssuer = z.strictObject({
  /** Its keys, pinned: nothing is fetched. */
  jwks: path.schema,
  audience: z.string().min(1).max(256),
  /** E-mail domains or organisations (claim `hd`) whose accounts count; all of them when empty. */
  accounts: z.array(z.string().min(1).max(253)).max(64).default([])
})
/** What an organisation may have when all that is required is verified. */
const organisation = z.strictObject({
  roles: roles.schema.prefault(['agent']),
  scopes: z.array(capability.schema).max(32).default([]),
  /** Names that it may ask for: exact, or beginning with what stands before a `*`. None: it must bring a voucher or wait. */
  names: z
    .array(z.string().regex(/^[a-z0-9._-]{0,62}[*]?$/))
    .max(64)
    .default([])
})
const bounded = <S extends z.ZodType>(schema: S, expected: string): Kind<z.ZodRecord<z.ZodString, S>> => ({
  schema: z.record(z.string().min(1).max(256), schema).refine((map) => Object.keys(map).length <= 256),
  expected
})
const issuers = bounded(oidcIssuer, 'a map of at most 256 issuers (URLs), each { jwks: FILE, audience: TEXT, accounts: [...] }')
const organisations = bounded(organisation, 'a map of at most 256 organisations, each { roles: [...], scopes: [...], names: [...] }')
const authorities = bounded(path.schema, 'a map of at most 256 authorities, each with the FILE of its JWKS')
const approvers: Kind<z.ZodRecord<typeof keyName, typeof path.schema>> = {
  schema: z.record(keyName, path.schema).refine((map) => Object.keys(map).length <= 64),
  expected: 'a map of at most 64 names, each with the FILE of an Ed25519 public key (PEM)'
}

/** ca: the agent certificate authority (draft 2.2, 3.1). */
export const caSection = z
  .strictObject({
    lifetimes: z
      .strictObject({
        node: setting(duration('1m', '365d'), '7d', 'An ACA that is down over a long weekend must not take the domain along.'),
        agent: setting(duration('1m', '365d'), '24h', 'Short, because a revocation list may not reach everybody.'),
        tls: setting(duration('1m', '365d'), '7d', 'P-256 certificates for TLS clients and servers outside the network.')
      })
      .prefault({} as never),
    crlLifetime: setting(
      duration('10s', '30d'),
      '6h',
      'A member that hears no new list for that long knows that it hears nothing; half of it lies between two lists.'
    ),
    remember: setting(duration('1d', '3650d'), '30d', 'How long ended certificates stay in the ledger, for questions about last month.'),
    url: optional(
      plainOrigin,
      'http: origin that stands in certificates as the place of lists, OCSP and the issuing CA; only the operator knows one that all can reach. Otherwise the ingress.'
    ),
    est: setting(flag, true, 'EST (RFC 7030) behind the one port, over TLS: machines with curl and openssl enrol with a voucher.'),
    acme: setting(flag, true, 'ACME (RFC 8555) behind the one port, over TLS: certbot and lego enrol with a voucher as external account binding.'),
    onDeregistration: setting(oneOf('keep', 'revoke'), 'keep', 'Whether the end of a registration (draft 2.2) also ends the certificate: revoke.'),
    policy: z
      .strictObject({
        require: setting(
          list(oneOf('voucher', 'oidc', 'document'), 3, 1),
          ['voucher'],
          'What must be verified for a certificate without a person; all else waits for hansa ca approve.'
        ),
        twoApprovers: setting(roles, ['aca', 'ars', 'agw'], 'Roles whose waiting applications need two different approvers: they speak for others.'),
        approvers: setting(approvers, {}, 'Who may approve, by key; with none, whoever has the admin token is the one approver.'),
        oidc: setting(issuers, {}, 'Whose ID tokens tell who the developer is; the keys are pinned, nothing is fetched.'),
        authorities: setting(authorities, {}, 'Whose signatures on qualification documents count.'),
        organisations: setting(organisations, {}, 'What applicants of an organisation may have; others wait for a person.'),
        pendingFor: setting(duration('1m', '365d'), '7d', 'How long an application waits before it is dropped.'),
        maxPending: setting(integer(1, 100_000), 1000, 'Applications that wait in all: strangers can make them.')
      })
      .prefault({} as never)
  })
  .prefault({} as never)
