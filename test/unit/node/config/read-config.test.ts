import assert from 'node:assert/strict'
import { formatProblem } from '../../../../src/node/config/problem.ts'
import { MAX_CONFIG_BYTES, readConfig, unknownVariables } from '../../../../src/node/config/read-config.ts'
import { renderConfig } from '../../../../src/node/config/render-config.ts'

const HEAD = 'domain: north.example\nname: gw1\nroles: [agw]\n'

function problemsOf(text: string, env = {}): string[] {
  return readConfig(text, 'config.yaml', env).problems.map(formatProblem)
}

describe('config.yaml', () => {
  it('takes an address that others use for the door, and none by default', () => {
    assert.equal(readConfig(HEAD, 'config.yaml', {}).config?.gateway.announce, undefined)
    for (const text of ['https://gw.north.example', 'https://gw.north.example/', 'https://GW.north.example:443'])
      assert.equal(readConfig(`${HEAD}gateway: { announce: '${text}' }\n`, 'config.yaml', {}).config?.gateway.announce, 'https://gw.north.example')
    assert.equal(readConfig(HEAD, 'config.yaml', { HANSA_GATEWAY_ANNOUNCE: 'http://[::1]:7400' }).config?.gateway.announce, 'http://[::1]:7400')
  })

  it('needs only domain, name and roles; everything else has a default', () => {
    const { config, problems } = readConfig(HEAD, 'config.yaml')
    assert.deepEqual(problems, [])
    assert.equal(config?.gateway.heartbeat, 30_000)
    assert.deepEqual(config?.limits.discovery, { limit: 60, periodMs: 60_000 })
    assert.deepEqual(config?.admin.listen, { kind: 'tcp', host: '127.0.0.1', port: 7401 })
    assert.deepEqual(config?.swarm.listen, ['/ip4/0.0.0.0/tcp/4001', '/ip4/0.0.0.0/tcp/4002/ws'])
  })

  it('gives each reading defaults of its own, so that no node changes those of another', () => {
    const first = readConfig(HEAD, 'a').config
    first?.swarm.listen.push('/ip4/192.0.2.1/tcp/1')
    assert.equal(readConfig(HEAD, 'b').config?.swarm.listen.length, 2)
  })

  it('names file, line, column, key and what was expected', () => {
    assert.deepEqual(problemsOf(`${HEAD}gateway:\n  heartbeat: 30\n`), [
      'config.yaml:5:14: gateway.heartbeat: expected a duration from 200ms to 1h, such as 500ms, 30s, 5m, 24h or 90d, got 30'
    ])
  })

  it('refuses an unknown key at its place and says what was meant', () => {
    assert.deepEqual(problemsOf(`${HEAD}gateway:\n  intra-domain: direct\n`), ['config.yaml:5:3: gateway.intra-domain: unknown key; did you mean intraDomain?'])
    assert.match(problemsOf(`${HEAD}gatway: {}\n`)[0] ?? '', /^config\.yaml:4:1: gatway: unknown key; expected one of domain, name, roles, swarm/)
  })

  it('lists all problems at once in the order of the lines', () => {
    const problems = problemsOf('domain: North\nname: gw1\nroles: [boss]\nswarm:\n  listen: [nowhere]\n')
    assert.deepEqual(
      problems.map((problem) => problem.split(': ', 2).join(' ')),
      ['config.yaml:1:9 domain', 'config.yaml:3:9 roles.0', 'config.yaml:5:12 swarm.listen.0']
    )
  })

  it('refuses a missing key', () => {
    assert.deepEqual(problemsOf('name: gw1\nroles: [agw]\n'), ['config.yaml:1:1: domain: missing; expected a lower-case domain name such as north.example'])
  })

  for (const [what, text, wanted] of [
    ['a key twice', `${HEAD}name: gw2\n`, /config\.yaml:4:1: not YAML: .*unique/],
    ['bad YAML', `${HEAD}swarm: [`, /config\.yaml:\d+:\d+: not YAML/],
    ['an alias', `${HEAD}swarm: &a { listen: [] }\ngateway: *a\n`, /without aliases/],
    ['a list instead of a map', '- domain\n', /expected a map/],
    ['a section that is no map', `${HEAD}swarm: 3\n`, /config\.yaml:4:8: swarm: expected a map, got 3/],
    ['an admin address for everybody', `${HEAD}admin: { listen: '0.0.0.0:7401' }\n`, /admin\.listen: expected a loopback address/],
    ['a port that does not exist', `${HEAD}gateway: { listen: '0.0.0.0:70000' }\n`, /gateway\.listen: expected an IP address and port/],
    ['a rate without unit', `${HEAD}limits: { discovery: 60 }\n`, /limits\.discovery: expected a rate/],
    ['a rate of nothing', `${HEAD}limits: { discovery: 0/min }\n`, /limits\.discovery: expected a rate/],
    [
      'an address for others with a path',
      `${HEAD}gateway: { announce: 'https://gw.north.example/hansa' }\n`,
      /gateway\.announce: expected an http: or https: URL without a path/
    ],
    ['an address for others with a password', `${HEAD}gateway: { announce: 'https://me:word@gw.north.example' }\n`, /gateway\.announce/],
    ['a duration out of range', `${HEAD}gateway: { heartbeat: 1ms }\n`, /gateway\.heartbeat: expected a duration from 200ms to 1h/],
    ['no role', 'domain: north.example\nname: gw1\nroles: []\n', /roles: expected a list of 1 to 4/],
    ['its own domain among the foreign ones', `${HEAD}trust: { domains: { north.example: { roots: [r.pem] } } }\n`, /another domain/],
    ['a republish slower than the record lives', `${HEAD}registry: { recordLifetime: 1h, republish: 2h }\n`, /not longer than registry\.recordLifetime/],
    ['documents alone as proof of an applicant', `${HEAD}ca: { policy: { require: [document] } }\n`, /nothing of who brings a copy of it/],
    ['a prototype', `${HEAD}__proto__: { domain: evil.example }\n`, /unknown key/],
    ['more than anybody writes', `${HEAD}# ${'x'.repeat(MAX_CONFIG_BYTES)}\n`, /at most 1048576 bytes/]
  ] as const) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(text)
      assert.ok(
        problems.some((problem) => wanted.test(problem)),
        problems.join('\n')
      )
      assert.equal(readConfig(text, 'config.yaml').config, undefined)
    })
  }

  it('takes an empty section for its defaults', () => {
    assert.deepEqual(problemsOf(`${HEAD}swarm:\nca:\n  lifetimes:\n`), [])
  })

  it('reads back what it renders', () => {
    const text = renderConfig({ domain: 'north.example', name: 'gw1', roles: ['agw', 'ars'], gateway: { heartbeat: '2s', listen: '127.0.0.1:0' } })
    const { config } = readConfig(text, 'config.yaml')
    assert.deepEqual([config?.gateway.heartbeat, config?.gateway.listen.port, config?.roles], [2000, 0, ['ars', 'agw']])
  })
})

describe('environment variables', () => {
  it('override the file: texts, numbers and lists', () => {
    const { config, problems } = readConfig(`${HEAD}gateway:\n  heartbeat: 10s\n`, 'config.yaml', {
      HANSA_GATEWAY_HEARTBEAT: '5s',
      HANSA_GATEWAY_INTRA_DOMAIN: 'gateway',
      HANSA_LIMITS_OPEN_CALLS: '7',
      HANSA_METRICS_PROCESS: 'false',
      HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0, /ip6/::1/tcp/0',
      HANSA_TRUST_DOMAINS: '{ south.example: { roots: [south.pem] } }'
    })
    assert.deepEqual(problems, [])
    assert.equal(config?.gateway.heartbeat, 5000)
    assert.equal(config?.gateway.intraDomain, 'gateway')
    assert.equal(config?.limits.openCalls, 7)
    assert.equal(config?.metrics.process, false)
    assert.deepEqual(config?.swarm.listen, ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'])
    assert.deepEqual(config?.trust.domains, { 'south.example': { roots: ['south.pem'], aca: [] } })
  })

  it('are named when their value is refused', () => {
    assert.deepEqual(problemsOf(HEAD, { HANSA_LIMITS_DISCOVERY: 'plenty' }), [
      'HANSA_LIMITS_DISCOVERY: limits.discovery: expected a rate such as 60/min, 5/s or 1000/h, got "plenty"'
    ])
  })

  it('that are no setting are told, but not refused', () => {
    const env = { HANSA_HOME: '/x', HANSA_GATEWAY_HARTBEAT: '5s', HANSA_NAME: 'gw2', PATH: '/bin' }
    assert.deepEqual(unknownVariables(env), ['HANSA_GATEWAY_HARTBEAT'])
    assert.equal(readConfig(HEAD, 'config.yaml', env).config?.name, 'gw2')
  })
})
