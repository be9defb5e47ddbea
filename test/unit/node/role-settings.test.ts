import assert from 'node:assert/strict'
import { configSchema, type ConfigFile } from '../../../src/node/config/schema.ts'
import { acaSettings, crlSources, stalePolicy } from '../../../src/node/role-settings.ts'

const HOUR = 3_600_000
const read = (more: object) => configSchema.parse({ domain: 'north.example', name: 'n1', roles: ['aca'], ...more } as ConfigFile)

describe('settings of the certificate authority', () => {
  it('all come from the config', () => {
    const organisations = { Acme: { roles: ['agent'], scopes: ['travel'], names: ['acme-*'] } }
    const approvers = new Map([['ann', new Uint8Array(44)]])
    const ca = {
      lifetimes: { node: '3d', agent: '2h', tls: '5d' },
      crlLifetime: '20m',
      remember: '9d',
      onDeregistration: 'revoke',
      policy: {
        require: ['voucher', 'oidc'],
        twoApprovers: ['aca'],
        oidc: { 'https://id.example': { jwks: 'id.json', audience: 'north', accounts: ['acme.example'] } },
        organisations,
        pendingFor: '4h',
        maxPending: 7
      }
    }
    assert.deepEqual(acaSettings(read({ ca }), approvers), {
      lifetimes: { aca: 72 * HOUR, ars: 72 * HOUR, agw: 72 * HOUR, agent: 2 * HOUR, tls: 120 * HOUR },
      crlLifetimeMs: HOUR / 3,
      rememberMs: 216 * HOUR,
      onDeregistration: 'revoke',
      policy: {
        require: ['voucher', 'oidc'],
        twoApprovers: ['aca'],
        approvers,
        oidc: new Map([['https://id.example', { audience: 'north', accounts: ['acme.example'] }]]),
        organisations: new Map(Object.entries(organisations)),
        pendingForMs: 4 * HOUR,
        maxPending: 7
      }
    })
  })
})

describe('settings of trust', () => {
  it('a list that is too old is refused by those who speak for others, unless the operator says otherwise', () => {
    const policy = (roles: string[], stale?: string) => stalePolicy(read({ roles, trust: { staleGrace: '3h', ...(stale === undefined ? {} : { stale }) } }))
    assert.deepEqual(policy(['agw']), { refuse: true, graceMs: 3 * HOUR })
    assert.deepEqual(policy(['agent', 'ars']), { refuse: true, graceMs: 3 * HOUR })
    assert.equal(policy(['agent']).refuse, false)
    assert.equal(policy(['agent'], 'refuse').refuse, true)
    assert.equal(policy(['agw'], 'accept').refuse, false)
  })

  it('says where the authorities of other domains are', () => {
    const aca = ['/dns4/aca.south.example/tcp/4001']
    const domains = { 'south.example': { roots: ['south.pem'], aca } }
    assert.deepEqual(crlSources(read({ trust: { domains } })), new Map([['south.example', aca]]))
  })
})
