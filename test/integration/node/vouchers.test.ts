import assert from 'node:assert/strict'
import { nodeOperations } from '../../../src/admin/node/node-operations.ts'
import { createTestnet } from '../../../src/node/testnet.ts'

describe('vouchers for machines without Hansa', function () {
  this.timeout(60_000)

  it('are made for a door that is open, and not for one that the operator has shut', async () => {
    const net = await createTestnet()
    try {
      const { founder } = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'agw'], env: { HANSA_CA_ACME: 'false' } }])
      const { voucher } = nodeOperations(founder)
      const asked = {
        ...{ roles: ['agent' as const], name: 'web', scopes: [], dnsNames: ['web.north.example'] },
        ...{ ttlMs: 60_000, uses: 1, replace: false }
      }
      const { signal } = new AbortController()
      assert.equal((await voucher({ ...asked, door: 'est' }, signal)).name, 'web')
      await assert.rejects(async () => voucher({ ...asked, door: 'acme' }, signal), { code: 'INVALID_ARGUMENT', message: /ca\.acme is false/ })
    } finally {
      await net.stop()
    }
  })
})
