import assert from 'node:assert/strict'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { makeCsr, parseCsr } from '../../../../src/wire/x509/csr.ts'
import { key } from '../../../support/mint.ts'

describe('a certification request', () => {
  it('carries a key and proves that it is held', () => {
    const csr = parseCsr(makeCsr(key(1)))
    assert.deepEqual(csr.spki, key(1).publicKey)
    assert.equal(createVerify()(csr.spki, csr.info, csr.signature), true)
  })

  it('with bytes after it, too long, or nothing is refused', () => {
    for (const der of [Uint8Array.of(...makeCsr(key(1)), 0), new Uint8Array(9000), new Uint8Array()])
      assert.throws(() => parseCsr(der), { code: 'CSR_INVALID' })
  })
})
