import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ROLES, type Role, sortRoles } from '../../../../src/core/ids/role.ts'
import { type Grant, scopesWithin } from '../../../../src/core/pki/grant.ts'
import { type Asked, decide, type Policy } from '../../../../src/core/pki/policy.ts'
import type { Material, Verdict, VerdictState } from '../../../../src/core/pki/verdict.ts'

const NOTHING: Asked = { roles: [], scopes: [], dnsNames: [] }
const given: Grant = { name: 'flight', roles: ['agw', 'agent'], scopes: ['travel', 'food/order'], organisation: 'Acme', dnsNames: ['flight.north.example'] }
const verdict = (material: Material, state: VerdictState = 'verified'): Verdict => ({ material, state, detail: '' })
const ORGANISATIONS: Policy['organisations'] = new Map([['Acme', { roles: ['agent'], scopes: ['travel'], names: ['acme-*', 'flight'] }]])
const policy = (more: Partial<Policy> = {}): Policy => ({ require: ['voucher'], twoApprovers: ['agw'], organisations: ORGANISATIONS, ...more })

describe('the policy of applications (draft 3.1.1): with a voucher', () => {
  const withVoucher = (asked: Partial<Asked>, more: Partial<Policy> = {}, ...others: Verdict[]) =>
    decide({ asked: { ...NOTHING, ...asked }, given, verdicts: [verdict('key'), verdict('voucher'), ...others] }, policy(more))

  it('gives what the voucher gives when nothing else is asked for', () => {
    assert.deepEqual(withVoucher({}), { ok: true, kind: 'issue', grant: given })
  })

  it('gives less when less is asked for', () => {
    const decision = withVoucher({ roles: ['agent'], scopes: ['travel/flight'] })
    assert.deepEqual(decision, { ok: true, kind: 'issue', grant: { ...given, roles: ['agent'], scopes: ['travel/flight'] } })
  })

  const table: [what: string, asked: Partial<Asked>][] = [
    ['another name', { name: 'hotel' }],
    ['another role', { roles: ['aca'] }],
    ['a role beside those given', { roles: ['ars', 'agent'] }],
    ['a scope outside', { scopes: ['money'] }],
    ['a scope above', { scopes: ['food'] }],
    ['a scope that only begins alike', { scopes: ['travelling'] }],
    ['one scope outside among others', { scopes: ['travel', 'money'] }],
    ['another organisation', { organisation: 'Other' }],
    ['a DNS name that is not given', { dnsNames: ['www.north.example'] }]
  ]
  for (const [what, asked] of table)
    it(`refuses ${what}`, () => {
      const decision = withVoucher(asked)
      assert.ok(!decision.ok)
      assert.equal(decision.error.code, 'SCOPE_EXCEEDED')
    })

  it('waits for a person when something that is required is not verified, or something that was brought failed', () => {
    for (const decision of [
      withVoucher({}, { require: ['voucher', 'oidc'] }),
      withVoucher({}, { require: ['voucher', 'oidc'] }, verdict('oidc', 'recorded')),
      withVoucher({}, {}, verdict('document', 'failed')),
      withVoucher({}, {}, verdict('document'), verdict('document', 'failed')),
      withVoucher({}, {}, verdict('recovery', 'failed'))
    ])
      assert.ok(decision.ok && decision.kind === 'wait')
  })

  it('does not wait for what is written down only and not required', () => {
    const decision = withVoucher({}, {}, verdict('developer', 'recorded'), verdict('recovery', 'recorded'))
    assert.ok(decision.ok && decision.kind === 'issue')
  })

  it('takes an account that a voucher was bound to for the voucher', () => {
    const decision = decide({ asked: NOTHING, given, verdicts: [verdict('account')] }, policy())
    assert.ok(decision.ok && decision.kind === 'issue')
  })
})

describe('the policy of applications: with what was laid down for an organisation', () => {
  const proved = { organisation: 'Acme', verdicts: [verdict('document'), verdict('organisation')] }
  const asks = (asked: Partial<Asked>, more: Partial<typeof proved> = {}, rules: Partial<Policy> = {}) =>
    decide({ asked: { ...NOTHING, name: 'flight', organisation: 'Acme', ...asked }, ...proved, ...more }, policy({ require: ['document'], ...rules }))

  it('issues within it: names, roles, scopes', () => {
    for (const asked of [{}, { name: 'acme-1' }, { roles: ['agent' as const] }, { scopes: ['travel/flight'] }]) {
      const decision = asks(asked)
      assert.ok(decision.ok && decision.kind === 'issue', JSON.stringify(decision))
      assert.equal(decision.grant.organisation, 'Acme')
    }
  })

  it('gives the ceiling of the organisation when no scopes are asked for', () => {
    const decision = asks({})
    assert.ok(decision.ok)
    assert.deepEqual(decision.grant.scopes, ['travel'])
  })

  it('waits for a person beyond it', () => {
    for (const asked of [{ name: 'hotel' }, { name: 'acm' }, { name: 'flight-2' }, { roles: ['agw' as const] }, { scopes: ['money'] }]) {
      const decision = asks(asked)
      assert.ok(decision.ok && decision.kind === 'wait', JSON.stringify([asked, decision]))
    }
  })

  it('waits when nothing proves the organisation, or nothing is laid down for it', () => {
    const unproved = decide({ asked: { ...NOTHING, name: 'flight', organisation: 'Acme' }, verdicts: [verdict('document')] }, policy({ require: ['document'] }))
    assert.ok(unproved.ok && unproved.kind === 'wait')
    const unknown = asks({}, {}, { organisations: new Map() })
    assert.ok(unknown.ok && unknown.kind === 'wait')
  })

  it('has no certificate without a name, and no DNS names without a voucher', () => {
    const nameless = decide({ asked: NOTHING, ...proved }, policy())
    assert.ok(!nameless.ok && nameless.error.code === 'VOUCHER_INVALID')
    const named = asks({ dnsNames: ['flight.north.example'] })
    assert.ok(!named.ok && named.error.code === 'SCOPE_EXCEEDED')
  })
})

describe('the policy of applications: whatever is asked', () => {
  // Printed by fast-check when a case fails, with the path to it.
  const seed = Number(process.env['SEED'] ?? 20260101)
  const names = fc.constantFrom('flight', 'acme-1', 'hotel', 'acme', 'a')
  const roles = fc.subarray([...ROLES]).map((list): Role[] => sortRoles(list))
  const scopes = fc.subarray(['travel', 'travel/flight', 'food', 'food/order', 'travelling', 'money'])
  const dns = fc.subarray(['flight.north.example', 'www.north.example'])
  const organisation = fc.option(fc.constantFrom('Acme', 'Other'), { nil: undefined })
  const verdicts = fc.array(
    fc.record({
      material: fc.constantFrom<Material>('voucher', 'account', 'oidc', 'document', 'organisation', 'recovery'),
      state: fc.constantFrom<VerdictState>('verified', 'recorded', 'failed'),
      detail: fc.constant('')
    }),
    { maxLength: 5 }
  )
  const asked = fc.record({ name: fc.option(names, { nil: undefined }), roles, scopes, organisation, dnsNames: dns })
  const grant = fc.record({ name: names, roles: roles.filter((list) => list.length > 0), scopes, organisation, dnsNames: dns })
  const rule = fc.record({ roles, scopes, names: fc.subarray(['acme-*', 'flight', 'hotel']) })
  const policies = fc.record({
    require: fc.subarray(['voucher', 'oidc', 'document'] as const, { minLength: 1 }),
    twoApprovers: roles,
    organisations: fc.dictionary(fc.constantFrom('Acme', 'Other'), rule).map((entries) => new Map(Object.entries(entries)))
  })
  const all = { seed, numRuns: 3000 }

  it(`never gives more than the voucher (seed ${seed})`, () => {
    fc.assert(
      fc.property(asked, grant, organisation, verdicts, policies, (wanted, voucher, proven, list, rules) => {
        const decision = decide(
          { asked: clean(wanted), given: clean(voucher), verdicts: list, ...(proven === undefined ? {} : { organisation: proven }) },
          rules
        )
        if (!decision.ok) return
        assert.equal(decision.grant.name, voucher.name)
        assert.ok(decision.grant.roles.length > 0 && decision.grant.roles.every((role) => voucher.roles.includes(role)))
        assert.ok(scopesWithin(decision.grant.scopes, voucher.scopes))
        assert.ok(decision.grant.dnsNames.every((name) => voucher.dnsNames.includes(name)))
        if (voucher.organisation !== undefined) assert.equal(decision.grant.organisation, voucher.organisation)
        else assert.ok(decision.grant.organisation === undefined || decision.grant.organisation === proven)
      }),
      all
    )
  })

  it(`never gives by itself more than what was laid down for a proved organisation, nor without what is required, nor after a failure (seed ${seed})`, () => {
    fc.assert(
      fc.property(asked, organisation, verdicts, policies, fc.option(grant, { nil: undefined }), (wanted, proven, list, rules, voucher) => {
        const facts = { asked: clean(wanted), verdicts: list, ...(voucher === undefined ? {} : { given: clean(voucher) }) }
        const decision = decide({ ...facts, ...(proven === undefined ? {} : { organisation: proven }) }, rules)
        if (!decision.ok || decision.kind !== 'issue') return
        assert.ok(list.every(({ state }) => state !== 'failed'))
        const verified = new Set(list.filter(({ state }) => state === 'verified').map(({ material }) => material))
        for (const material of rules.require) assert.ok(verified.has(material) || (material === 'voucher' && verified.has('account')))
        if (voucher !== undefined) return
        const allowed = proven === undefined ? undefined : rules.organisations.get(proven)
        assert.ok(allowed !== undefined)
        const { name, roles: theirs, scopes: ceiling, dnsNames } = decision.grant
        assert.ok(allowed.names.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)))
        assert.ok(theirs.every((role) => allowed.roles.includes(role)))
        assert.ok(scopesWithin(ceiling, allowed.scopes))
        assert.deepEqual(dnsNames, [])
        assert.equal(decision.grant.organisation, proven)
      }),
      all
    )
  })
})

/** Without keys whose value is undefined. */
function clean<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}
