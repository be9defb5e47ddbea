import assert from 'node:assert/strict'
import { type AccessRequest, createAccessPolicy } from '../../../../src/core/access/access-policy.ts'

const listed = ['north.example', 'south.example', 'east.example']
const capabilities = (): string[] => ['travel/flight-booking']
const flight = { domain: 'south.example', name: 'flight' }

describe('access policy', () => {
  const open = createAccessPolicy({ ownDomain: 'south.example', exported: ['*'] })

  it('lets the own domain reach everything, exported or not', () => {
    const closed = createAccessPolicy({ ownDomain: 'south.example', exported: [] })
    assert.equal(closed.review({ caller: 'south.example', target: flight, capabilities, listed }), undefined)
    assert.equal(closed.review({ caller: 'south.example', target: { domain: 'north.example', name: 'x' }, capabilities, listed }), undefined)
  })

  it('lets a listed domain reach what is exported', () => {
    assert.equal(open.review({ caller: 'north.example', target: flight, capabilities, listed }), undefined)
  })

  it('refuses a listed domain what is not exported, naming the agent and who could change it', () => {
    const narrow = createAccessPolicy({ ownDomain: 'south.example', exported: ['hotel@south.example', 'public-*@south.example', 'travel/hotel'] })
    assert.deepEqual(narrow.review({ caller: 'north.example', target: flight, capabilities, listed }), {
      code: 'PERMISSION_DENIED',
      message: 'flight@south.example is not exported to north.example',
      domain: 'south.example'
    })
    assert.equal(narrow.review({ caller: 'north.example', target: { domain: 'south.example', name: 'public-x' }, capabilities, listed }), undefined)
  })

  it('refuses a domain that is not listed', () => {
    assert.equal(open.review({ caller: 'west.example', target: flight, capabilities, listed })?.code, 'UNKNOWN_DOMAIN')
  })

  it('refuses the own domain a target in a domain that is not listed', () => {
    assert.equal(open.review({ caller: 'south.example', target: { domain: 'west.example', name: 'x' }, capabilities, listed })?.code, 'UNKNOWN_DOMAIN')
  })

  it('carries calls of listed domains through to listed domains only', () => {
    const crossing = { caller: 'north.example', target: { domain: 'east.example', name: 'x' }, capabilities }
    const closed = createAccessPolicy({ ownDomain: 'south.example', exported: [] })
    assert.equal(closed.review({ ...crossing, listed }), undefined)
    assert.equal(closed.review({ ...crossing, listed: ['north.example'] })?.code, 'UNKNOWN_DOMAIN')
    assert.equal(closed.review({ ...crossing, listed: ['east.example'] })?.code, 'UNKNOWN_DOMAIN')
  })

  it('exports by capability, to its whole depth', () => {
    const request: AccessRequest = { caller: 'north.example', target: flight, capabilities, listed }
    for (const exported of ['travel', 'travel/flight-booking'])
      assert.equal(createAccessPolicy({ ownDomain: 'south.example', exported: [exported] }).review(request), undefined, exported)
    for (const exported of ['trav', 'travel/flight', 'travel/flight-booking/cheap'])
      assert.equal(createAccessPolicy({ ownDomain: 'south.example', exported: [exported] }).review(request)?.code, 'PERMISSION_DENIED', exported)
  })

  it('takes handles literally but for the star', () => {
    const policy = createAccessPolicy({ ownDomain: 'south.example', exported: ['a.b@south.example', '***x***@south.example'] })
    const exports = (name: string): boolean => policy.exports({ domain: 'south.example', name }, () => [])
    assert.equal(exports('a.b'), true)
    assert.equal(exports('axb'), true, 'the second pattern')
    assert.equal(exports('acb'), false)
    assert.equal(exports('a.bc'), false)
  })
})
