import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSealed, keyPem, openKey, sealKey } from '../../../../src/adapters/x509/sealed-key.ts'

const PASSPHRASE = 'a pass phrase with äöü'
const openssl = spawnSync('openssl', ['version']).status === 0

describe('a sealed key', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const sealed = sealKey(privateKey, PASSPHRASE)

  it('opens with its passphrase only', () => {
    assert.ok(isSealed(sealed))
    assert.equal(keyPem(openKey(sealed, PASSPHRASE)), keyPem(privateKey))
    for (const wrong of [undefined, '', `${PASSPHRASE} `]) assert.throws(() => openKey(sealed, wrong), { code: 'ROOT_SEALED' })
  })

  it('is sealed otherwise each time', () => {
    assert.notEqual(sealKey(privateKey, PASSPHRASE), sealed)
  })

  it('is not made with a passphrase that can be guessed', () => {
    assert.throws(() => sealKey(privateKey, 'elevenchars'), { code: 'INVALID_ARGUMENT', message: /at least 12/ })
  })

  it('that is damaged or no key at all is told from one whose passphrase is wrong', () => {
    assert.throws(() => openKey('nonsense'), { code: 'KEY_MISSING' })
    assert.throws(() => openKey(sealed.replace(/.{8}\n-----END/, 'AAAAAAA=\n-----END'), PASSPHRASE), { code: 'ROOT_SEALED' })
  })

  it('is what openssl pkey -passin reads, after 600,000 rounds of PBKDF2', function () {
    if (!openssl) return this.skip()
    const dir = mkdtempSync(join(tmpdir(), 'hansa-seal-'))
    try {
      const [key, pass] = [join(dir, 'root.key'), join(dir, 'pass')]
      writeFileSync(key, sealed)
      writeFileSync(pass, `${PASSPHRASE}\n`)
      const opened = spawnSync('openssl', ['pkey', '-in', key, '-passin', `file:${pass}`])
      assert.equal(opened.stdout.toString(), keyPem(privateKey), opened.stderr.toString())
      const shown = spawnSync('openssl', ['asn1parse', '-in', key]).stdout.toString()
      for (const part of ['PBES2', 'PBKDF2', 'hmacWithSHA256', 'aes-256-cbc', 'INTEGER           :0927C0']) assert.ok(shown.includes(part), part)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
